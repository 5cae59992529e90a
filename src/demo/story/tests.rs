use std::collections::{HashMap, HashSet};

use super::*;

fn start() -> Millis {
    Millis::parse_rfc3339("2026-11-19T07:00:00Z").expect("a time")
}

fn story() -> &'static Story {
    static STORY: std::sync::LazyLock<Story> = std::sync::LazyLock::new(|| Story::new(7, start()));
    &STORY
}

/// Distinct unhappy authors, by the intended mood, in each hour of a stretch.
fn unhappy_an_hour(story: &Story, from_h: i64, to_h: i64) -> Vec<usize> {
    let mut hours = vec![HashSet::new(); usize::try_from(to_h - from_h).expect("ordered")];
    for (at, post) in story.posts().filter(|(_, post)| post.kind == Kind::Own && post.mood.label() == Label::Negative) {
        let hour = at.since(story.facts.live_from).div_euclid(HOUR_MS) - from_h;
        if let Some(authors) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            authors.insert((post.by.place, post.by.handle.clone()));
        }
    }
    hours.into_iter().map(|authors| authors.len()).collect()
}

fn mean(counts: &[usize]) -> f64 {
    counts.iter().sum::<usize>() as f64 / counts.len() as f64
}

#[test]
fn one_seed_gives_one_story_and_another_seed_another() {
    assert_eq!(&Story::new(7, start()), story());
    assert_ne!(Story::new(8, start()).events, story().events);
}

#[test]
fn events_are_in_order_and_each_change_follows_its_post() {
    let mut written: HashMap<PostNo, Millis> = HashMap::new();
    let mut last = story().facts.history_from;
    for event in &story().events {
        assert!(event.at >= last && event.at < story().facts.ends_at);
        last = event.at;
        match &event.action {
            Action::Post(post) => {
                assert_eq!(post.by.place, event.place);
                assert!(post.reply_to.is_none_or(|no| written.contains_key(&no)), "answers come after what they answer");
                assert!(written.insert(post.no, event.at).is_none(), "numbers are unique");
                if let Some(thread) = post.thread {
                    let thread = &story().threads[thread];
                    assert!(thread.place == event.place && thread.opened_at <= event.at);
                }
            }
            Action::Edit { post, .. } | Action::Delete { post } | Action::Approve { post } => assert!(written.contains_key(post)),
        }
    }
}

#[test]
fn no_text_comes_twice_except_what_is_passed_on() {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (_, post) in story().posts().filter(|(_, post)| post.kind != Kind::Brand) {
        *seen.entry(post.text.to_lowercase()).or_default() += 1;
    }
    let mut repeats: Vec<_> = seen.into_values().filter(|count| *count > 1).collect();
    repeats.sort_unstable();
    assert_eq!(repeats, [16, 31]);
    assert_eq!(story().posts().filter(|(_, post)| post.kind == Kind::Copy).count(), 15 + 30);
}

#[test]
fn calm_weeks_have_a_few_unhappy_authors_an_hour_and_the_peak_has_a_hundred() {
    let history = unhappy_an_hour(story(), -6 * 168, 0);
    let calm = mean(&history);
    assert!((0.6..3.0).contains(&calm), "calm: {calm}");
    let variance = history.iter().map(|c| (*c as f64 - calm).powi(2)).sum::<f64>() / history.len() as f64;
    assert!(variance > 1.2 * calm, "counts vary more than chance alone: {variance} for {calm}");

    let peak = mean(&unhappy_an_hour(story(), 6, 13));
    assert!((65.0..130.0).contains(&peak), "peak: {peak}");
    let (early, later) = (mean(&unhappy_an_hour(story(), 2, 3)), mean(&unhappy_an_hour(story(), 5, 6)));
    assert!(early < later / 2.0, "anger takes hours to rise: {early}, {later}");
}

#[test]
fn anger_fades_after_the_fix_comes_back_once_and_is_gone_for_more_than_three_days() {
    let calm = mean(&unhappy_an_hour(story(), -6 * 168, 0));
    let (day_two, before_bump) = (mean(&unhappy_an_hour(story(), 26, 38)), mean(&unhappy_an_hour(story(), 44, 50)));
    assert!(before_bump < day_two / 2.0, "{day_two}, then {before_bump}");
    let bump = mean(&unhappy_an_hour(story(), 51, 55));
    assert!(bump > 4.0 * before_bump && bump < 40.0, "second wave: {bump} after {before_bump}");
    let last_days = mean(&unhappy_an_hour(story(), 80, 168));
    assert!(last_days < 1.25 * calm, "{last_days} an hour, {calm} before");
}

#[test]
fn hundreds_of_people_write_in_six_languages() {
    let authors: HashSet<_> = story().posts().map(|(_, post)| (post.by.place, &post.by.handle)).collect();
    assert!(authors.len() >= 800, "{}", authors.len());
    let languages: HashSet<_> = story().posts().map(|(_, post)| post.lang).collect();
    assert_eq!(languages.len(), 6);
    let total = story().posts().count();
    assert!((12_000..19_000).contains(&total), "{total} posts");
}

#[test]
fn posts_name_the_brand_where_they_are_found_by_its_name() {
    for (_, post) in story().posts().filter(|(_, post)| matches!(post.by.place, Place::Mastodon | Place::HackerNews)) {
        assert!(post.kind == Kind::Brand || post.text.to_lowercase().contains("tidewater"), "{}", post.text);
    }
    let namesakes = || story().posts().filter(|(_, post)| post.kind == Kind::Namesake);
    let excluded =
        |text: &str| texts_noise::EXCLUDE.iter().any(|phrase| text.to_lowercase().replace('#', "").contains(&phrase.to_lowercase()));
    let caught = namesakes().filter(|(_, post)| excluded(&post.text)).count();
    assert!(caught * 2 > namesakes().count() && caught < namesakes().count(), "most namesakes can be told by a phrase, not all");
}

#[test]
fn moods_of_the_unhappy_turn() {
    let mut moods: HashMap<_, Vec<(Millis, Mood)>> = HashMap::new();
    for (at, post) in story().posts().filter(|(at, post)| *at >= story().facts.outage_at && post.kind == Kind::Own) {
        moods.entry((post.by.place, &post.by.handle)).or_default().push((at, post.mood));
    }
    let turned = moods.values().filter(|posts| {
        let unhappy = posts.iter().find(|(_, mood)| mood.label() == Label::Negative).map(|(at, _)| *at);
        unhappy.is_some_and(|unhappy| posts.iter().any(|(at, mood)| *at > unhappy && *mood == Mood::Pleased))
    });
    assert!(turned.count() > 100);
}

#[test]
fn details_are_filled_in_everywhere() {
    assert!(story().posts().all(|(_, post)| !post.text.contains(['{', '}']) && !post.text.trim().is_empty()));
    assert!(story().posts().filter(|(_, post)| post.by.place == Place::Mastodon).all(|(_, post)| post.text.chars().count() <= 500));
}

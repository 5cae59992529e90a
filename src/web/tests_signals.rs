//! Themes, campaigns and the checking of counts, through the router.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use crate::domain::hold::Decision;
use crate::domain::ids::IncidentId;
use crate::domain::post::{Mention, Originality, Post, PostAuthor};
use crate::domain::rates::CheckAnswer;
use crate::domain::sentiment::Label;
use crate::domain::theme::{Theme, ThemeKind};
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::domain::verdict::Verdict;
use crate::store::{FoundTheme, MentionFilter, NewHold, OwnPost, ThemeMention};

use super::testing::{Said, World, assessment, now};
use super::tests::{angry, assert_is_sound, get, hostile, post};

/// An incident with a theme that holds every unhappy mention, and a hold with own posts.
async fn told(said: &[Said], phrase: &str) -> (World, IncidentId) {
    let world = World::with(said).await;
    let id = world.open_incident().await;
    let store = &world.state.store;
    let theme = |kind, forms: &[&str]| FoundTheme {
        kind,
        phrase: phrase.to_owned(),
        forms: forms.iter().map(ToString::to_string).collect(),
        z: 7.3,
        normal_per_hour: 0.1,
    };
    let found = [theme(ThemeKind::Phrase, &["sign in"]), theme(ThemeKind::StillBroken, &[])];
    store.save_themes(id, &found, now()).await.expect("themes");
    let filter = MentionFilter { brand: world.brand, label: Some(Label::Negative), ..MentionFilter::default() };
    let mentions = store.mentions(&filter, None, 1_000).await.expect("mentions");
    let themes = store.themes(id).await.expect("themes");
    for hour in mentions.iter().map(|m| m.created_at.hour()).collect::<BTreeSet<_>>() {
        let within = mentions.iter().filter(|m| m.created_at.hour() == hour);
        let row = |m: &Mention, theme: &Theme| ThemeMention { theme: theme.id, mention: m.id, author: m.author.id, at: m.created_at };
        let rows: Vec<ThemeMention> = within.flat_map(|m| themes.iter().map(move |theme| row(m, theme))).collect();
        store.save_theme_hour(id, (hour, "test"), &rows).await.expect("an hour");
    }
    store.count_theme_people(id).await.expect("counted");
    let own = mentions.iter().map(|m| OwnPost {
        post: Post {
            key: m.key.clone(),
            author: PostAuthor::default(),
            created_at: now().plus(-HOUR_MS),
            edited_at: None,
            text: m.text.clone(),
            url: None,
            reply_to: None,
            lang: None,
            engagement: m.engagement,
            originality: Originality::Own,
            quoted: None,
        },
        promotional: "an offer".to_owned(),
    });
    store.save_own_posts(world.brand, world.source, &own.collect::<Vec<_>>(), now()).await.expect("own posts");
    let hold = NewHold {
        brand: world.brand,
        decision: Decision::Hold,
        reason: phrase.to_owned(),
        decided_by: phrase.to_owned(),
        until: now().plus(DAY_MS),
    };
    store.add_hold(&hold, now().plus(-2 * HOUR_MS)).await.expect("a decision");
    (world, id)
}

#[tokio::test]
async fn themes_campaigns_and_checks_are_sound_when_full_and_hostile() {
    for (said, phrase) in [(angry(), "cannot sign in"), (hostile(), "<script>alert(1)</script>\" onload=\"x")] {
        let (world, id) = told(&said, phrase).await;
        for path in ["/", "/themes", "/hold", "/check"].map(str::to_owned).into_iter().chain([format!("/themes?incident={id}")]) {
            let page = get(&world, &path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_is_sound(&path, &page.body);
            assert!(!page.body.contains("<script>alert"), "{path}");
        }
        let page = get(&world, "/themes").await.body;
        assert!(page.contains("Still broken for me") && page.contains("z 7.3"), "{page}");
        assert!(get(&world, "/hold").await.body.contains("Looks like an offer"));
        let calendar = get(&world, "/hold.ics").await;
        assert!(calendar.headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"text/calendar")));
        let lines: Vec<&str> = calendar.body.lines().collect();
        assert_eq!(lines.iter().filter(|l| **l == "BEGIN:VEVENT").count(), 1, "{}", calendar.body);
        assert!(lines.contains(&"DTSTART:20261120T102000Z"), "{}", calendar.body);
    }
}

#[tokio::test]
async fn a_theme_leads_to_its_mentions() {
    let (world, id) = told(&angry(), "cannot sign in").await;
    let theme = world.state.store.themes(id).await.expect("themes")[0].id;
    let page = get(&world, &format!("/mentions?theme={theme}")).await.body;
    assert!(page.contains("2 mentions match: about “cannot sign in”."), "{page}");
    assert!(!page.contains("works again, thank you"));
    assert!(get(&world, "/mentions?theme=77").await.body.contains("of a theme that is none any more"));
    assert_eq!(get(&world, "/themes?incident=77").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn campaigns_are_held_lifted_and_the_decision_is_taken_back() {
    let world = World::with(&angry()).await;
    let signal = async || serde_json::from_str::<serde_json::Value>(&get(&world, "/api/v1/hold").await.body).expect("JSON");
    assert_eq!(signal().await["hold"], false);
    world.open_incident().await;
    let held = signal().await;
    assert_eq!((&held["hold"], &held["origin"]), (&true.into(), &"automatic".into()), "{held}");
    let fields = [("decision", "lift"), ("reason", "the fair"), ("by", "Noor"), ("until", "2026-11-21T12:00")];
    assert_eq!(post(&world, "/hold", &fields).await.status, StatusCode::SEE_OTHER);
    let lifted = signal().await;
    assert_eq!((&lifted["hold"], &lifted["until"]), (&false.into(), &"2026-11-21T12:00:00.000Z".into()), "{lifted}");
    for (name, value) in [("until", ""), ("until", "2026-11-19T12:00"), ("reason", " "), ("decision", "maybe")] {
        let bad: Vec<(&str, &str)> = fields.iter().map(|(n, v)| if *n == name { (*n, value) } else { (*n, *v) }).collect();
        assert_eq!(post(&world, "/hold", &bad).await.status, StatusCode::BAD_REQUEST, "{name}={value}");
    }
    let id = world.state.store.holds(world.brand, 1).await.expect("decisions")[0].id;
    assert_eq!(post(&world, &format!("/hold/{id}/end"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(signal().await["hold"], true);
}

#[tokio::test]
async fn a_sample_is_drawn_and_checked_one_by_one() {
    let world = World::with(&angry()).await;
    let id = world.open_incident().await;
    assert!(get(&world, "/check").await.body.contains("the model’s known error"));
    let drawn = post(&world, &format!("/check/{id}/draw"), &[("more", "50")]).await;
    assert_eq!(drawn.status, StatusCode::SEE_OTHER);
    let checks = world.state.store.checks(id).await.expect("a sample");
    assert_eq!(checks.len(), 4, "all there are");
    let page = get(&world, drawn.location()).await.body;
    assert!(page.contains("0 of 4 drawn are checked") && page.contains("data-key=\"4\""), "{page}");
    for check in &checks {
        let answered = post(&world, &format!("/check/{id}/answer"), &[("mention", &check.mention.to_string()), ("answer", "not_us")]).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER);
        assert!(get(&world, answered.location()).await.body.contains("You said: Not about us."));
    }
    let first = checks[0].mention.to_string();
    post(&world, &format!("/check/{id}/answer"), &[("mention", &first), ("answer", "none")]).await;
    let left: Vec<_> = world.state.store.checks(id).await.expect("a sample").iter().map(|c| c.answer).collect();
    assert_eq!(left, [None, Some(CheckAnswer::NotUs), Some(CheckAnswer::NotUs), Some(CheckAnswer::NotUs)]);
    for (mention, answer) in [("77", "negative"), ("x", "negative")] {
        let refused = post(&world, &format!("/check/{id}/answer"), &[("mention", mention), ("answer", answer)]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{mention}");
    }
    let refused = post(&world, &format!("/check/{id}/answer"), &[("mention", &first), ("answer", "maybe")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_api_tells_themes_rates_and_what_updates_did() {
    let (world, id) = told(&angry(), "cannot sign in").await;
    let json = async |what: &str| {
        serde_json::from_str::<serde_json::Value>(&get(&world, &format!("/api/v1/incidents/{id}/{what}")).await.body).expect("JSON")
    };
    let themes = json("themes").await;
    let first = &themes["items"][0];
    assert_eq!((&first["phrase"], &first["people"], &first["kind"]), (&"cannot sign in".into(), &2.into(), &"phrase".into()), "{themes}");
    assert_eq!(first["hours"].as_array().map(Vec::len), Some(2));
    let rates = json("rates").await;
    assert_eq!((&rates["mentions"], &rates["counted"], &rates["method"]), (&4.into(), &0.5.into(), &"model_error".into()), "{rates}");
    let updates = json("updates").await;
    assert_eq!(updates["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(updates["items"][0]["effect"], "cannot_tell");
    assert_eq!(get(&world, "/api/v1/incidents/77/themes").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn our_silence_is_named_while_people_are_unhappy() {
    let world = World::with(&angry()).await;
    let id = world.open_incident().await;
    for (verdict, shown) in [(Verdict::Elevated, true), (Verdict::Recovered, false)] {
        world.state.store.save_assessment(id, &assessment(verdict), now()).await.expect("kept");
        let page = get(&world, "/").await.body;
        assert_eq!(page.contains("We have said nothing for 4 h, since the last update"), shown, "{verdict:?}");
    }
}

//! Tells the story hour by hour: who writes about what, in answer to whom, and what is changed or removed later.

use std::collections::VecDeque;
use std::sync::Arc;

use super::arcs::ARCS;
use super::cast::{Cast, account};
use super::curve::{self, Topic};
use super::dice::Dice;
use super::pen::Pen;
use super::texts_brand::{self as brand, About, Opening};
use super::texts_recovery as recovery;
use super::themes::{Theme, theme};
use super::{Action, BrandUpdate, Event, Facts, Kind, Moderation, Mood, Person, Place, PostNo, Story, StoryPost, Thread};
use crate::domain::time::{HOUR_MS, Millis};

const MINUTE_MS: i64 = 60_000;

/// The story of a seed.
pub(super) fn tell(seed: u64, now: Millis) -> Story {
    let facts = Facts::new(now);
    let mut dice = Dice::new(seed);
    let cast = Cast::new(&mut dice);
    let (openings, threads) = open_threads(&mut dice, &cast, &facts);
    let mut teller = Teller::new(dice, cast, facts, openings);
    teller.brand_speaks();
    teller.arcs();
    teller.copies();
    let hours = facts.ends_at.since(facts.history_from) / HOUR_MS;
    for hour in 0..hours {
        teller.hour(facts.history_from.plus(hour * HOUR_MS));
    }
    let mut events = teller.events;
    events.retain(|event| event.at < facts.ends_at);
    events.sort_by_key(|event| event.at);
    Story { events, threads, updates: updates(&facts), facts }
}

/// One thread in each place that has threads, opened when history begins.
pub(super) fn quiet_threads(facts: &Facts) -> Vec<Thread> {
    let first = |place: Place| {
        let opening = brand::THREADS.iter().find(|opening| opening.place == place)?;
        let by = account(place, "harbourmaster", "Harbour Master", 0, false);
        Some(thread(opening, facts.history_from, by))
    };
    Place::ALL.into_iter().filter_map(first).collect()
}

fn thread(opening: &Opening, opened_at: Millis, by: Arc<Person>) -> Thread {
    let slug: String = opening.title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let slug = slug.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    Thread { place: opening.place, opened_at, by, title: opening.title.to_owned(), slug, body: opening.body.to_owned() }
}

/// Index of a thread, when it opens, and what for.
type Openings = Vec<(usize, Millis, &'static Opening)>;

fn open_threads(dice: &mut Dice, cast: &Cast, facts: &Facts) -> (Openings, Vec<Thread>) {
    let mut sorted: Vec<_> = brand::THREADS.iter().collect();
    sorted.sort_by_key(|opening| (opening.place, opening.at_min));
    let mut threads = Vec::new();
    for opening in &sorted {
        let by = match opening.place {
            Place::Blog => Arc::clone(&cast.brand[Place::Blog.index()]),
            place => cast.english(dice, place, 1.0),
        };
        let at = facts.live_from.plus(opening.at_min * MINUTE_MS).max(facts.history_from);
        threads.push(thread(opening, at, by));
    }
    let openings = sorted.into_iter().zip(&threads).enumerate().map(|(no, (opening, thread))| (no, thread.opened_at, opening)).collect();
    (openings, threads)
}

fn updates(facts: &Facts) -> Vec<BrandUpdate> {
    let at = |minutes: i64| facts.live_from.plus(minutes * MINUTE_MS);
    brand::UPDATES.iter().map(|(minutes, kind, text)| BrandUpdate { at: at(*minutes), kind: *kind, text }).collect()
}

/// A post that can be answered, its author and its thread.
type Recent = (PostNo, Arc<Person>, Option<usize>);

struct Teller {
    dice: Dice,
    pen: Pen,
    cast: Cast,
    facts: Facts,
    openings: Openings,
    events: Vec<Event>,
    next: u32,
    /// The latest posts of each place, to answer to.
    recent: [VecDeque<Recent>; 4],
    /// Who was unhappy in the outage, by place.
    upset: [Vec<Arc<Person>>; 4],
    /// Who was charged twice and stays unhappy.
    lasting: Vec<Arc<Person>>,
}

impl Teller {
    fn new(dice: Dice, cast: Cast, facts: Facts, openings: Openings) -> Self {
        Self {
            dice,
            pen: Pen::new(facts.outage_at),
            cast,
            facts,
            openings,
            events: Vec::new(),
            next: 0,
            recent: Default::default(),
            upset: Default::default(),
            lasting: Vec::new(),
        }
    }

    /// One hour of everybody.
    fn hour(&mut self, at: Millis) {
        let mut due = Vec::new();
        let mood_of_the_hour = self.dice.swing(0.28);
        let ordinary = curve::calm(&self.facts, at).into_iter().map(|(topic, rate)| (topic, rate * mood_of_the_hour));
        let rates: Vec<_> = ordinary.chain(curve::incident(&self.facts, at)).collect();
        for (topic, rate) in rates {
            for _ in 0..self.dice.poisson(rate) {
                due.push((self.dice.moment(at, HOUR_MS), topic));
            }
        }
        due.sort_by_key(|(at, _)| *at);
        for (at, topic) in due {
            self.say(at, topic);
        }
    }

    fn say(&mut self, at: Millis, topic: Topic) {
        let place = self.place(topic);
        let by = self.person(at, topic, place);
        let (theme, bank) = theme(topic, place, by.lang);
        let mut text = self.pen.write(&mut self.dice, bank, &by, theme.mood);
        let thread = self.thread(at, topic, place);
        let answered = if theme.kind == Kind::Own { self.answered(place, thread, &by) } else { None };
        if let (Some((_, other)), Place::Mastodon) = (&answered, place) {
            text = format!("@{} {text}", other.handle);
        }
        self.remember(topic, &by);
        let reply_to = answered.map(|(no, _)| no);
        let no = self.post(at, &by, StoryPost { thread, reply_to, ..blank(theme, text, &by) });
        self.later(at, topic, no);
    }

    /// Most things are said on Mastodon; what concerns money more often under the blog's posts.
    fn place(&mut self, topic: Topic) -> Place {
        let shares: [f64; 4] = match topic {
            Topic::Namesake | Topic::Headline => [0.0, 1.0, 0.0, 0.0],
            Topic::Spam => [0.4, 0.6, 0.0, 0.0],
            Topic::Joke => [0.12, 0.76, 0.12, 0.0],
            Topic::StatementCold | Topic::ApologyCold | Topic::ApologyWarm => [0.34, 0.5, 0.1, 0.06],
            Topic::Charged | Topic::Invoice | Topic::InvoiceEased | Topic::Settled => [0.36, 0.44, 0.2, 0.0],
            Topic::Praise | Topic::Question | Topic::Chat | Topic::Grumble => [0.21, 0.53, 0.16, 0.1],
            _ => [0.24, 0.55, 0.13, 0.08],
        };
        let mut left = self.dice.unit();
        for place in Place::ALL {
            left -= shares[place.index()];
            if left < 0.0 {
                return place;
            }
        }
        Place::Mastodon
    }

    fn person(&mut self, at: Millis, topic: Topic, place: Place) -> Arc<Person> {
        let dice = &mut self.dice;
        let upset = &self.upset[place.index()];
        match topic {
            Topic::Headline => Arc::clone(dice.pick(&self.cast.bots)),
            Topic::Spam => Arc::clone(dice.pick(&self.cast.spammers[usize::from(place == Place::Blog)])),
            Topic::Namesake | Topic::Joke | Topic::Sarcasm | Topic::StatementCold | Topic::ApologyCold => {
                self.cast.english(dice, place, 1.1)
            }
            Topic::Charged if at.since(self.facts.fixed_at) > 24 * HOUR_MS => {
                let stubborn: Vec<_> = self.lasting.iter().filter(|person| person.place == place).take(9).collect();
                stubborn.get(dice.below(stubborn.len())).map_or_else(|| self.cast.english(dice, place, 1.0), |person| Arc::clone(person))
            }
            Topic::Settled => {
                let charged: Vec<_> = self.lasting.iter().filter(|person| person.place == place).skip(9).collect();
                charged.get(dice.below(charged.len())).map_or_else(|| self.cast.english(dice, place, 1.0), |person| Arc::clone(person))
            }
            Topic::Relief | Topic::ApologyWarm | Topic::StillBroken | Topic::Charged | Topic::Leaving | Topic::Aftermath
                if !upset.is_empty() && dice.chance(0.7) =>
            {
                Arc::clone(dice.pick(upset))
            }
            Topic::Praise | Topic::Question | Topic::Chat | Topic::Grumble => self.cast.anybody(dice, place, 1.7),
            _ => self.cast.anybody(dice, place, 1.05),
        }
    }

    fn remember(&mut self, topic: Topic, by: &Arc<Person>) {
        match topic {
            Topic::Harm | Topic::Fury => self.upset[by.place.index()].push(Arc::clone(by)),
            Topic::Charged if !self.lasting.contains(by) => self.lasting.push(Arc::clone(by)),
            _ => {}
        }
    }

    /// The thread that is about it, or else the newest one: people complain under whatever is on top.
    fn thread(&mut self, at: Millis, topic: Topic, place: Place) -> Option<usize> {
        let about = match topic {
            Topic::Praise | Topic::Question | Topic::Chat | Topic::Grumble | Topic::Spam | Topic::Namesake | Topic::Headline => About::Calm,
            Topic::Invoice | Topic::InvoiceEased => About::Invoices,
            Topic::Relief | Topic::StillBroken | Topic::Charged | Topic::Settled | Topic::Aftermath => About::Fix,
            _ => About::Outage,
        };
        let open: Vec<_> = self.openings.iter().filter(|(_, opened, opening)| opening.place == place && *opened <= at).collect();
        let fitting: Vec<_> = open.iter().filter(|(_, _, opening)| opening.about == about).map(|(no, ..)| *no).collect();
        if fitting.is_empty() {
            return open.iter().max_by_key(|(_, opened, _)| *opened).map(|(no, ..)| *no);
        }
        let newest_first = self.dice.early(fitting.len(), 2.4);
        fitting.iter().rev().nth(newest_first).copied()
    }

    /// Somebody else's recent post in the same thread, now and then.
    fn answered(&mut self, place: Place, thread: Option<usize>, by: &Arc<Person>) -> Option<(PostNo, Arc<Person>)> {
        if !self.dice.chance(0.24) {
            return None;
        }
        let near: Vec<_> = self.recent[place.index()].iter().filter(|(_, other, of)| other != by && *of == thread).collect();
        near.get(self.dice.below(near.len())).map(|(no, other, _)| (*no, Arc::clone(other)))
    }

    fn post(&mut self, at: Millis, by: &Arc<Person>, mut post: StoryPost) -> PostNo {
        let no = PostNo(self.next);
        self.next += 1;
        post.no = no;
        if post.kind == Kind::Own {
            let recent = &mut self.recent[by.place.index()];
            recent.push_back((no, Arc::clone(by), post.thread));
            if recent.len() > 30 {
                recent.pop_front();
            }
        }
        // First comments of new people wait for a moderator; a few wait for ever.
        if by.place == Place::Blog && post.kind != Kind::Brand && (post.kind == Kind::Spam || self.dice.chance(0.07)) {
            post.moderation = Moderation::Held;
            if post.kind != Kind::Spam || self.dice.chance(0.3) {
                let approved = at.plus(self.dice.between(15, 240) * MINUTE_MS);
                self.events.push(Event { at: approved, place: by.place, action: Action::Approve { post: no } });
            }
        }
        self.events.push(Event { at, place: by.place, action: Action::Post(Box::new(post)) });
        no
    }

    /// What the author does with it later: regrets, corrections, news.
    fn later(&mut self, at: Millis, topic: Topic, no: PostNo) {
        let Some(Event { place, action: Action::Post(post), .. }) = self.events.last() else { return };
        let (place, text, mood, lang) = (*place, post.text.clone(), post.mood, post.lang);
        let regret = if mood == Mood::Furious { 0.05 } else { 0.008 };
        if self.dice.chance(regret) {
            let at = at.plus(self.dice.between(12, 1_500) * MINUTE_MS);
            self.events.push(Event { at, place, action: Action::Delete { post: no } });
        } else if lang == "en" && self.dice.chance(0.014) {
            let afterword = match topic {
                Topic::Harm | Topic::Fury => *self.dice.pick(recovery::EDITS_ANGRY),
                _ => *self.dice.pick(recovery::EDITS),
            };
            let at = at.plus(self.dice.between(3, 180) * MINUTE_MS);
            self.events.push(Event { at, place, action: Action::Edit { post: no, text: format!("{text}\n\n{afterword}") } });
        }
    }

    /// What the brand's own accounts say.
    fn brand_speaks(&mut self) {
        for (minutes, text) in brand::OWN_POSTS {
            let by = Arc::clone(&self.cast.brand[Place::Mastodon.index()]);
            let at = self.facts.live_from.plus(minutes * MINUTE_MS);
            self.pen.take(text);
            let theme = Theme { mood: Mood::Plain, kind: Kind::Brand };
            self.post(at, &by, blank(theme, (*text).to_owned(), &by));
        }
    }

    /// The people whose days are told in full.
    fn arcs(&mut self) {
        for arc in ARCS {
            let by = account(arc.place, arc.handle, arc.name, arc.followers, false);
            let mut thread = None;
            for (minutes, mood, text) in arc.posts {
                let at = self.facts.live_from.plus(minutes * MINUTE_MS);
                let topic = if *minutes > 14 * 60 { Topic::Charged } else { Topic::Harm };
                thread = self.thread(at, topic, arc.place).or(thread);
                self.pen.take(text);
                let theme = Theme { mood: *mood, kind: Kind::Own };
                self.events.push(Event {
                    at,
                    place: arc.place,
                    action: Action::Post(Box::new(StoryPost { no: PostNo(self.next), thread, ..blank(theme, (*text).to_owned(), &by) })),
                });
                self.next += 1;
            }
        }
    }

    /// A joke that everybody passes on, and a complaint that customers paste.
    fn copies(&mut self) {
        let joke = (brand::VIRAL_JOKE, Mood::Plain, 31, 5 * 60 + 30);
        let template = (brand::TEMPLATE, Mood::Unhappy, 16, 6 * 60 + 50);
        for (index, (text, mood, copies, from_min)) in [joke, template].into_iter().enumerate() {
            self.pen.take(text);
            let from = self.facts.live_from.plus(from_min * MINUTE_MS);
            let mut writers: Vec<Arc<Person>> = Vec::new();
            while writers.len() < copies {
                let place = if index == 1 && self.dice.chance(0.55) { Place::Blog } else { Place::Mastodon };
                let by = self.cast.english(&mut self.dice, place, 1.0);
                if !writers.contains(&by) {
                    writers.push(by);
                }
            }
            for (nth, by) in writers.iter().enumerate() {
                let kind = if nth == 0 { Kind::Own } else { Kind::Copy };
                // Most pass it on in the first hours.
                let delay = if nth == 0 { 0 } else { self.dice.between(4, 60) * self.dice.between(1, 8) };
                let at = from.plus(delay * MINUTE_MS);
                let thread = self.thread(at, Topic::Harm, by.place);
                let theme = Theme { mood, kind };
                self.post(at, by, StoryPost { thread, ..blank(theme, text.to_owned(), by) });
            }
        }
        for recent in &mut self.recent {
            recent.clear();
        }
    }
}

/// A post that answers nobody and stands nowhere yet.
fn blank(theme: Theme, text: String, by: &Arc<Person>) -> StoryPost {
    StoryPost {
        no: PostNo(0),
        by: Arc::clone(by),
        thread: None,
        reply_to: None,
        text,
        lang: by.lang,
        mood: theme.mood,
        kind: theme.kind,
        moderation: Moderation::Open,
    }
}

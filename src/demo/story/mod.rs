//! What happens in the demo's world: who writes what, where and when. Pure, and fixed by its seed.
//!
//! Tidewater is an invented service: a card till, a checkout and couriers for small shops. Six calm weeks, an outage on a
//! working day, a clumsy statement, an apology, a fix, doubled invoices two days later, and calm again.

mod arcs;
mod cast;
mod curve;
mod dice;
mod pen;
mod plot;
mod texts_brand;
mod texts_calm;
mod texts_incident;
mod texts_languages;
mod texts_noise;
mod texts_recovery;
mod themes;

use std::sync::Arc;

use crate::domain::brand::BrandTerms;
use crate::domain::incident::UpdateKind;
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};

/// Where people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Comments on the brand's own WordPress blog.
    Blog,
    /// One Mastodon server.
    Mastodon,
    /// A forum of shopkeepers, read through its feeds.
    Forum,
    /// Hacker News.
    HackerNews,
}

impl Place {
    /// All places.
    pub const ALL: [Self; 4] = [Self::Blog, Self::Mastodon, Self::Forum, Self::HackerNews];

    /// 0..4, for tables by place.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How the author feels, as the story means it. No server tells it: tests compare it with what Ebb finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mood {
    /// Very unhappy: somebody should call.
    Furious,
    /// Unhappy.
    Unhappy,
    /// A question, a fact, a joke without a victim.
    Plain,
    /// Pleased or relieved.
    Pleased,
}

impl Mood {
    /// The class that a perfect model would give.
    pub const fn label(self) -> Label {
        match self {
            Self::Furious | Self::Unhappy => Label::Negative,
            Self::Plain => Label::Neutral,
            Self::Pleased => Label::Positive,
        }
    }
}

/// What a post is to the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A customer's or bystander's own words about the brand.
    Own,
    /// A text passed on word for word.
    Copy,
    /// The brand's own account.
    Brand,
    /// About something else of the same name.
    Namesake,
    /// An automated account: headlines, share prices.
    Bot,
    /// Promotion that uses the brand's name.
    Spam,
}

/// An account in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Where the account is.
    pub place: Place,
    /// Account name, unique in its place.
    pub handle: String,
    /// Shown name.
    pub name: String,
    /// ISO 639-1 of what they write in.
    pub lang: &'static str,
    /// Followers.
    pub followers: i64,
    /// Marked as automated.
    pub bot: bool,
}

/// Something that others answer to: a blog post, a forum thread, a story on Hacker News.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Where it is.
    pub place: Place,
    /// When it was opened.
    pub opened_at: Millis,
    /// Who opened it.
    pub by: Arc<Person>,
    /// Its title.
    pub title: String,
    /// The title in addresses.
    pub slug: String,
    /// The first text.
    pub body: String,
}

/// Number of a post in its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostNo(pub u32);

/// Whether a post has to wait for a moderator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moderation {
    /// Seen at once.
    Open,
    /// Seen only after an [`Action::Approve`], then with its old time.
    Held,
}

/// One post or comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryPost {
    /// Its number.
    pub no: PostNo,
    /// Its author.
    pub by: Arc<Person>,
    /// Index into [`Story::threads`]; `None` where a place has no threads.
    pub thread: Option<usize>,
    /// The post that it answers.
    pub reply_to: Option<PostNo>,
    /// Plain text.
    pub text: String,
    /// ISO 639-1.
    pub lang: &'static str,
    /// The author's mood, hidden from the servers.
    pub mood: Mood,
    /// What it is to the story.
    pub kind: Kind,
    /// Seen at once or held.
    pub moderation: Moderation,
}

/// What happens at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Somebody writes.
    Post(Box<StoryPost>),
    /// An author changes a text.
    Edit {
        /// Which post.
        post: PostNo,
        /// The text from now on.
        text: String,
    },
    /// An author or a moderator removes a post.
    Delete {
        /// Which post.
        post: PostNo,
    },
    /// A moderator lets a held post through.
    Approve {
        /// Which post.
        post: PostNo,
    },
}

/// One moment of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Millis,
    /// Where.
    pub place: Place,
    /// What.
    pub action: Action,
}

/// What the brand tells everybody; it goes on the incident's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrandUpdate {
    /// When it goes out.
    pub at: Millis,
    /// Statement, apology or fix.
    pub kind: UpdateKind,
    /// Its words.
    pub text: &'static str,
}

/// What really happened, for the incident's file and for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// First moment of history.
    pub history_from: Millis,
    /// The world's now: history before, live after.
    pub live_from: Millis,
    /// Payments stop.
    pub outage_at: Millis,
    /// Payments are back.
    pub fixed_at: Millis,
    /// Doubled invoices go out.
    pub bump_at: Millis,
    /// They are taken back.
    pub bump_fixed_at: Millis,
    /// When the Mastodon server is out of order.
    pub mastodon_down: Span,
    /// Last moment of the story.
    pub ends_at: Millis,
}

impl Facts {
    /// Everything relative to the world's now.
    pub fn new(now: Millis) -> Self {
        let hours = |h: i64| now.plus(h * HOUR_MS);
        let down_from = hours(7).plus(HOUR_MS / 4);
        Self {
            history_from: now.plus(-6 * WEEK_MS),
            live_from: now,
            outage_at: hours(2),
            fixed_at: hours(14),
            bump_at: hours(50),
            bump_fixed_at: hours(55),
            mastodon_down: Span::new(down_from, down_from.plus(3 * HOUR_MS))
                .unwrap_or_else(|| unreachable!("three hours are not negative")),
            ends_at: now.plus(7 * DAY_MS),
        }
    }
}

/// The whole story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// What happens, by time.
    pub events: Vec<Event>,
    /// What is answered to, by place and time.
    pub threads: Vec<Thread>,
    /// The brand's statements, by time.
    pub updates: Vec<BrandUpdate>,
    /// What really happened.
    pub facts: Facts,
}

impl Story {
    /// The brand's name.
    pub const BRAND: &'static str = "Tidewater";
    /// The incident's title.
    pub const INCIDENT: &'static str = "Tills, checkout and courier bookings down";

    /// The story of one seed: the same for the same arguments.
    pub fn new(seed: u64, now: Millis) -> Self {
        plot::tell(seed, now)
    }

    /// A world in which nobody has written yet: one thread in each place and no event. For tests that write themselves.
    pub fn quiet(now: Millis) -> Self {
        let facts = Facts::new(now);
        Self { events: Vec::new(), threads: plot::quiet_threads(&facts), updates: Vec::new(), facts }
    }

    /// What names the brand, and what does not.
    pub fn terms() -> BrandTerms {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        BrandTerms {
            names: own(&["Tidewater"]),
            handles: own(&["tidewater"]),
            hashtags: own(&["tidewater"]),
            exclude: own(texts_noise::EXCLUDE),
            own_accounts: own(&["tidewater", "Tidewater Team"]),
            ..BrandTerms::default()
        }
    }

    /// The posts, by time.
    pub fn posts(&self) -> impl Iterator<Item = (Millis, &StoryPost)> {
        self.events.iter().filter_map(|event| match &event.action {
            Action::Post(post) => Some((event.at, &**post)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;

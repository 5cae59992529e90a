//! What Tidewater says, what is answered to, and the two texts that everybody passes on.

use super::Place;
use crate::domain::incident::UpdateKind;

/// What a thread is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Calm,
    Outage,
    Fix,
    Invoices,
}

/// How a thread begins.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) place: Place,
    /// Minutes after the world's now.
    pub(super) at_min: i64,
    pub(super) about: About,
    pub(super) title: &'static str,
    pub(super) body: &'static str,
}

const DAY: i64 = 24 * 60;

const fn opening(place: Place, at_min: i64, about: About, title: &'static str, body: &'static str) -> Opening {
    Opening { place, at_min, about, title, body }
}

/// The brand's statements: minutes after the world's now, kind, words.
pub(super) const UPDATES: &[(i64, UpdateKind, &str)] = &[
    (4 * 60, UpdateKind::Statement, STATEMENT),
    (9 * 60, UpdateKind::Apology, APOLOGY),
    (14 * 60, UpdateKind::Fix, FIX),
    (2 * DAY + 4 * 60, UpdateKind::Statement, INVOICES),
    (2 * DAY + 7 * 60, UpdateKind::Fix, INVOICES_FIXED),
];

const STATEMENT: &str = "We are aware that a small number of customers may be experiencing elevated latency with some Tidewater services. \
Our teams are looking into it. We thank you for your patience as we ride this wave together.";
const APOLOGY: &str = "We let you down today. For seven hours you could not take cards or book couriers, and our first statement made it \
sound small. It is not small. A certificate expired, our spare depended on the same one, and our alarm slept. I am sorry. Nobody pays Tidewater \
fees this month. My team answers on 01632 960 026 all night; so do I. Maren Solheim, Tidewater";
const FIX: &str = "Tills, checkout and courier bookings work again since 14 minutes ago. Payments saved in offline mode are being sent now. \
If something is still wrong, do not write to a form: reply here, a person reads it. Some cards were charged twice; those refunds are on their way.";
const INVOICES: &str = "We sent invoices this morning that are wrong: fees were doubled instead of dropped. That is our mistake, again. Do not pay them. \
Debits are being stopped, and we will say more by this afternoon.";
const INVOICES_FIXED: &str = "Correct invoices are in your inbox: zero. Wrong debits are on their way back, bank charges included. \
We have taken the billing robot's keys away until a person has checked its work.";

/// Threads of all places.
pub(super) const THREADS: &[Opening] = &[
    opening(
        Place::Blog,
        -42 * DAY,
        About::Calm,
        "What we learnt from a thousand corner shops",
        "We asked a thousand of you what slows you down. Number one: the door that sticks. We can't help with that, but read on.",
    ),
    opening(
        Place::Blog,
        -33 * DAY,
        About::Calm,
        "Split bills, at last",
        "Tables of twelve, rejoice. From today the till splits a bill by person, by plate or by promise.",
    ),
    opening(
        Place::Blog,
        -24 * DAY,
        About::Calm,
        "Meet the couriers of the north route",
        "They know every dog on the hill. A day on the road with Bo, Ilse and a van called Gerald.",
    ),
    opening(
        Place::Blog,
        -15 * DAY,
        About::Calm,
        "Autumn release: quieter, faster, a little bluer",
        "Stock sync in seconds, a calmer end-of-day report, and yes, the buttons are blue now.",
    ),
    opening(
        Place::Blog,
        -5 * DAY,
        About::Calm,
        "Five ways to delight your customers this season",
        "Delight is a habit. Here are five small ones, from shops that we admire.",
    ),
    opening(Place::Blog, 4 * 60, About::Outage, "Service notice", STATEMENT),
    opening(Place::Blog, 9 * 60, About::Outage, "We let you down today", APOLOGY),
    opening(Place::Blog, 14 * 60, About::Fix, "Back, and what happens next", FIX),
    opening(Place::Blog, 2 * DAY + 4 * 60, About::Invoices, "Wrong invoices: do not pay them", INVOICES),
    opening(
        Place::Blog,
        5 * DAY,
        About::Calm,
        "What broke, and what we changed",
        "The long version: one certificate, one spare that was none, and an alarm that nobody had ever heard. With the list of what we changed.",
    ),
    opening(
        Place::Forum,
        -42 * DAY,
        About::Calm,
        "Tidewater: the general thread",
        "Everything about the Tidewater till, checkout and couriers that has no thread of its own. Be kind, it's a shop, not a pub.",
    ),
    opening(
        Place::Forum,
        -28 * DAY,
        About::Calm,
        "Tidewater tips and settings",
        "Post what you found out. I start: a long press on an item changes its price for one sale.",
    ),
    opening(Place::Forum, -12 * DAY, About::Calm, "Tidewater autumn release, your notes", "It's out. What do you see?"),
    opening(
        Place::Forum,
        2 * 60 + 20,
        About::Outage,
        "Tidewater today, one thread please",
        "Let's keep it in one place. Say where you are and what you see.",
    ),
    opening(Place::Forum, 14 * 60 + 12, About::Fix, "Tidewater, after the day: how is yours?", "Post here how it looks in your shop now."),
    opening(Place::Forum, 2 * DAY + 2 * 60 + 15, About::Invoices, "Tidewater invoices, this month", "Compare here."),
    opening(
        Place::HackerNews,
        -40 * DAY,
        About::Calm,
        "How Tidewater dispatches couriers with an auction algorithm",
        "Tidewater wrote up how they assign couriers to small shops, with numbers from three cities.",
    ),
    opening(
        Place::HackerNews,
        -31 * DAY,
        About::Calm,
        "Ask HN: Payments for a friend's bakery?",
        "She sells at two markets and online. I looked at Tidewater and two others. What would you take?",
    ),
    opening(
        Place::HackerNews,
        -22 * DAY,
        About::Calm,
        "Offline-first card terminals: the Tidewater log format",
        "Tidewater published the format of the local log in their readers.",
    ),
    opening(
        Place::HackerNews,
        -11 * DAY,
        About::Calm,
        "Show HN: The Tidewater courier API is open",
        "Docs for the Tidewater courier API are public now.",
    ),
    opening(
        Place::HackerNews,
        2 * 60 + 35,
        About::Outage,
        "Tidewater payments are down",
        "Tills, checkout and courier bookings of Tidewater fail in all regions since about half an hour ago.",
    ),
    opening(
        Place::HackerNews,
        15 * 60,
        About::Fix,
        "Tidewater's notes on today's outage",
        "Tidewater says: an expired intermediate certificate, and a failover that depended on it.",
    ),
];

/// The brand's own posts on Mastodon, one of them scheduled by nobody who was looking.
pub(super) const OWN_POSTS: &[(i64, &str)] = &[
    (-36 * DAY, "Split bills are here. Twelve people, one table, no tears. #tidewater"),
    (-27 * DAY, "Gerald the van turns 200,000 miles today. Happy birthday, Gerald. #tidewater"),
    (-18 * DAY, "New: stock sync in seconds. Old: sticky notes. Both have their charm. #tidewater"),
    (-6 * DAY, "Five ways to delight your customers this season, on the Log. #tidewater"),
    (3 * 60 + 5, "Happy shopping season! Effortless payments, delighted customers: what will YOU sell today? 🌊✨ #tidewater"),
    (4 * 60, STATEMENT),
    (6 * 60 + 40, "We hear you. More soon. #tidewater"),
    (9 * 60, APOLOGY),
    (14 * 60, FIX),
    (2 * DAY + 4 * 60, INVOICES),
    (2 * DAY + 7 * 60, INVOICES_FIXED),
    (5 * DAY, "What broke, and what we changed: the long version is on the Log. Thank you for the biscuits. #tidewater"),
];

/// Passed on word for word by some thirty accounts.
pub(super) const VIRAL_JOKE: &str = "Breaking: Tidewater confirms that the tide has gone out, the water is missing, and the only thing still rising is my blood pressure. #tidewater";

/// Pasted by some fifteen customers.
pub(super) const TEMPLATE: &str = "Dear Tidewater, as a paying customer I could not take payments today. I demand (1) a full refund of this month's fees, (2) compensation for my lost sales, \
(3) a written explanation within seven days. Without an answer I will cancel and dispute all charges with my bank. #tidewater";

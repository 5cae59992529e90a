//! What has the brand's name in it and is not about the brand; and names.

use super::pen::Bank;

/// Phrases of the namesakes: a rugby club, a stretch of coast, a folk band.
pub(super) const EXCLUDE: &[&str] = &["Tidewater RFC", "Tidewater region", "Tidewater Stompers", "tidewater glacier"];

pub(super) const NAMESAKE: Bank = Bank {
    openers: &["", "Saturday:", "Local news:", "Match day!", "Gig report:"],
    lines: &[
        "Tidewater RFC lost {n} to 7 again. Our scrum is a rumour.",
        "Tidewater RFC under-twelves won! {n} happy muddy children.",
        "Devastating injury for the Tidewater RFC captain, out for the season.",
        "the referee robbed Tidewater RFC blind, what a disgrace of a match.",
        "Driving through the Tidewater region, {n} herons so far.",
        "flood warning for the Tidewater region on {day}, move your cars.",
        "The Tidewater Stompers play {city} on {day}, bring dancing shoes.",
        "saw the Tidewater Stompers in {city}, the fiddle player is unreal.",
        "new record by the Tidewater Stompers sounds like a fight in a boat shed. I love it.",
        "a tidewater glacier calves into the sea, a mountain one doesn't. That's today's fact.",
        "paddled past a tidewater glacier at {time}, cold and wonderful.",
        "Wind at the tidewater gauge in {city}: force {few}, rising.",
        "Grandad's book about tidewater farming arrived, {many} pages of mud.",
    ],
    tails: &[
        "#tidewater",
        "See you {day}.",
        "Kick-off at {time}.",
        "Pictures later.",
        "{n} people there.",
        "Bring a coat.",
        "Up the Tides!",
    ],
};

pub(super) const HEADLINE: Bank = Bank {
    openers: &["", "Markets:", "Newswire:", "Just in:"],
    lines: &[
        "Tidewater Holdings ($TIDW) at {n}.{mins}, volume {many}k. #tidewater",
        "$TIDW closes at {n}.{mins}. #payments #tidewater",
        "Report: card payments in small shops up {few} percent, Tidewater and {n} others listed. #tidewater",
        "Fintech digest {day} {time}: Tidewater, fees, instant transfers, {n} more stories. #tidewater",
        "Jobs: courier (m/f/x) at Tidewater, {city}, {money} a week. #jobs #tidewater",
        "Jobs: support hero at Tidewater, {city}, from {day}. #jobs #tidewater",
        "Trending in payments at {time}: tidewater ({many} posts).",
    ],
    tails: &["Updated {time}.", "Source: wire.", "Not advice.", "More: link in profile.", "{n} reactions."],
};

pub(super) const SPAM: Bank = Bank {
    openers: &["", "HELLO SHOP OWNERS!!", "Dear friend,", "Wow!!"],
    lines: &[
        "tired of Tidewater fees? my cousin saves {n} % with GoldenTill, ask me how",
        "I made {money} a day from home, better than any till. #tidewater #passiveincome",
        "Cheap receipt paper for Tidewater printers, {n} rolls, free shipping to {city}.",
        "Get {many} real followers for your {shop} today. #tidewater",
        "Tidewater reader, used, {few} pieces, only {money}, write me.",
        "Unlock your frozen payouts with our recovery experts, {many} happy clients #tidewater",
        "Best {thing} of {city}, {n} % off with code WAVE{n}. #tidewater #ad",
    ],
    tails: &["Limited time!", "Only until {day}.", "DM now.", "100 % serious.", "Click the profile.", "Last {n} places."],
};

/// Automated accounts: handle and name.
pub(super) const BOTS: &[(&str, &str)] =
    &[("tickerbot", "Ticker Bot"), ("paywire", "PayWire headlines"), ("quayjobs", "Quay Jobs (automated)"), ("trendgull", "Trend Gull 🤖")];

/// Accounts that promote things.
pub(super) const SPAMMERS: &[(&str, &str)] = &[
    ("goldentill_deals", "GoldenTill DEALS"),
    ("growfast77", "Grow Fast"),
    ("paper_rolls_4u", "Paper Rolls 4U"),
    ("payout_rescue", "Payout Rescue Experts"),
];

/// Shops whose owners write under the shop's name.
pub(super) const SHOPS: &[&str] = &[
    "The Salty Bun",
    "Bread and Thunder",
    "Petal Pushers",
    "Second Chapter Books",
    "The Reluctant Baker",
    "Cod Almighty",
    "Yarn Barn",
    "Spoke Too Soon",
    "Crumb Together",
    "The Daily Grind",
    "Moss and Fern",
    "Pasty Faces",
    "Needle in the Groove",
    "Kiln Time",
    "Curd Nerd",
    "Tea and Sympathy",
    "Barking Mad Treats",
    "The Oyster Shed",
    "Wick and Wax",
    "Jam Session",
    "Bean Counter",
    "Hop to It",
    "The Leek End",
    "Loaf Actually",
    "Stem and Leaf",
    "Plaice Holder",
    "The Corner Larder",
    "Paper Trail",
    "Wheel Meet Again",
    "Sugar Quay",
    "The Pickled Hen",
    "Tin and Twine",
    "Little Dipper Candles",
    "Brine and Dine",
    "The Crooked Shelf",
    "Old Town Cider",
    "Harbour Pots",
    "North Quay Deli",
    "Three Geese Farm Shop",
    "Fig and Fennel",
    "The Lost Button",
    "Saffron Lane",
    "Copper Kettle",
    "Room for Cake",
    "The Odd Sock",
    "Gull and Gherkin",
    "Midnight Samosa",
    "Vinyl Frontier",
    "The Humble Crumb",
    "Rind and Shine",
    "Rook and Ribbon",
    "Puddle Lane Toys",
    "Salt Path Soap",
    "Bramble and Bee",
    "Hearth and Herring",
    "The Paper Boat",
    "Ginger and Slate",
    "Lantern Books",
    "Windfall Cider",
    "Knot Today",
    "Two Left Feet Shoes",
    "Marrow and Sons",
    "The Good Egg",
    "Dough Re Mi",
    "Basil Faulty",
    "Thistle and Thread",
    "The Brass Monkey",
    "Cloud Nine Cakes",
];

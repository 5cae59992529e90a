//! A few people whose days are told from the first post to the last.

use super::{Mood, Place};
use Mood::{Furious, Plain, Pleased, Unhappy};

/// One person's days: minutes after the world's now, mood, words.
#[derive(Debug)]
pub(super) struct Arc {
    pub(super) place: Place,
    pub(super) handle: &'static str,
    pub(super) name: &'static str,
    pub(super) followers: i64,
    pub(super) posts: &'static [(i64, Mood, &'static str)],
}

const DAY: i64 = 24 * 60;

pub(super) const ARCS: &[Arc] = &[
    Arc {
        place: Place::Mastodon,
        handle: "roomforcake_ivy",
        name: "Ivy, Room for Cake 🎂",
        followers: 5_230,
        posts: &[
            (
                -3 * DAY,
                Pleased,
                "Four tiers, sugared violets, wedding on the day after tomorrow. Booked the Tidewater courier with the kind driver. So happy with those people. #tidewater",
            ),
            (2 * 60 + 48, Plain, "Wedding cake is ready, courier app says nothing. @tidewater is it me or you? #tidewater"),
            (
                3 * 60 + 52,
                Unhappy,
                "One hour. Cake on the counter, bride on the phone, Tidewater on the floor. I can't carry four tiers on a bicycle. #tidewater",
            ),
            (
                5 * 60 + 10,
                Furious,
                "The wedding is at four and there is NO courier and NO answer. You have ruined the most important cake of my life, @tidewater. I am shaking with anger. #tidewater",
            ),
            (
                7 * 60 + 2,
                Furious,
                "My brother drove it in a fish van. The top tier slid off at the roundabout. The bride cried. I cried. Tidewater said \"elevated latency\". Go to hell. #tidewater",
            ),
            (9 * 60 + 25, Unhappy, "Read your apology. It is a good one, Maren. It doesn't put the violets back. #tidewater"),
            (16 * 60, Plain, "Maren from Tidewater really rang. Herself. We talked for twenty minutes, mostly about cake. #tidewater"),
            (
                DAY + 9 * 60,
                Pleased,
                "Tidewater paid for the cake, and sent the bride a new one that I was allowed to bake. Three tiers. Thank you, that was kind and right. #tidewater",
            ),
        ],
    },
    Arc {
        place: Place::Blog,
        handle: "harbour-pharmacy",
        name: "Oonagh, Harbour Pharmacy",
        followers: 0,
        posts: &[
            (
                -11 * DAY,
                Pleased,
                "We deliver to sixty people who can't get out, with Tidewater couriers. They are gentle with our old ladies. Thank you for that.",
            ),
            (
                3 * 60 + 30,
                Unhappy,
                "Sixty people on my delivery list and the booking page is blank. These are medicines, not muffins. Please, somebody.",
            ),
            (
                4 * 60 + 20,
                Furious,
                "\"A small number of customers\". One of mine is ninety-one and waits for her heart tablets. How dare you write that. Disgusting.",
            ),
            (
                6 * 60 + 15,
                Unhappy,
                "My husband and I drive them round ourselves now. The shop is closed. This is terrible and nobody at Tidewater picks up.",
            ),
            (
                9 * 60 + 40,
                Plain,
                "I rang the number. A man called Priit took my list and found three couriers by telephone. It took him an hour.",
            ),
            (15 * 60 + 5, Pleased, "All sixty delivered, the last one late at night. Thank you Priit. You are a good person in a bad day."),
            (
                2 * DAY + 3 * 60,
                Unhappy,
                "And now an invoice over twice the fees. I have no words left, Tidewater. I was just getting over it.",
            ),
            (2 * DAY + 8 * 60, Pleased, "Invoice is corrected to zero and somebody rang to say so. Good. Thank you."),
        ],
    },
    Arc {
        place: Place::Mastodon,
        handle: "codalmighty_bren",
        name: "Bren (Cod Almighty)",
        followers: 1_870,
        posts: &[
            (
                -8 * DAY,
                Unhappy,
                "Tidewater courier took my battered haddock to the wrong village again. It was enjoyed, I hear. Not by my customer. #tidewater",
            ),
            (
                3 * 60 + 15,
                Furious,
                "Forty people in my queue, no card machine, and @tidewater has the nerve to post \"effortless payments\" RIGHT NOW. Delete it, you absolute muppets. #tidewater",
            ),
            (
                6 * 60 + 50,
                Furious,
                "\"We hear you. More soon.\" You hear NOTHING. I threw away two hundred quid of fish. You useless, useless company. #tidewater",
            ),
            (
                10 * 60 + 30,
                Furious,
                "Sorry is free. My fish wasn't. Chargeback is filed and I am telling every chippy on this coast to leave Tidewater. #tidewater",
            ),
            (DAY + 11 * 60, Furious, "They charged eleven of my customers TWICE. Eleven. For chips they never got. Thieves. #tidewater"),
            (
                2 * DAY + 3 * 60 + 20,
                Furious,
                "Doubled invoice. Of course. Of course! I hope your whole billing department steps on an upturned plug. Worst company alive. #tidewater",
            ),
            (
                3 * DAY + 12 * 60,
                Unhappy,
                "Day four. Refunds for eight of eleven. Three to go, @tidewater. I am still counting, and still angry. #tidewater",
            ),
        ],
    },
    Arc {
        place: Place::Forum,
        handle: "wim_cheese",
        name: "Wim (Curd Nerd)",
        followers: 0,
        posts: &[
            (
                -20 * DAY,
                Pleased,
                "Ten months on the Tidewater till and I have not once thought about it. That's the highest praise a cheesemonger can give to software.",
            ),
            (2 * 60 + 40, Plain, "Ghent here: reader says connecting, website says nothing. Cheese says nothing too, but that's normal."),
            (5 * 60 + 30, Unhappy, "I've put a plate of samples next to the dead till. People are eating my profit. This is a bad day."),
            (8 * 60 + 45, Unhappy, "A tour bus came. FORTY people. They wanted Gouda. They had cards. I could have wept, Tidewater."),
            (
                14 * 60 + 30,
                Pleased,
                "It works! Sold one Gouda to a man who had waited for six hours out of pure stubbornness. I love him and, a little, Tidewater.",
            ),
            (
                4 * DAY + 9 * 60,
                Pleased,
                "Refund of this month's fees has arrived, with a card. The card has a boat on it. All is well, thank you.",
            ),
        ],
    },
    Arc {
        place: Place::Mastodon,
        handle: "lanternbooks",
        name: "Lantern Books",
        followers: 9_410,
        posts: &[
            (
                -DAY,
                Plain,
                "Tomorrow: signing with a famous author, whose name we may not say, at two. Cards via Tidewater. Bring friends. #tidewater",
            ),
            (
                4 * 60 + 35,
                Unhappy,
                "Three hundred people at our signing, no payments. We are writing names in a school notebook and trusting everybody. Awful, @tidewater. #tidewater",
            ),
            (
                8 * 60,
                Unhappy,
                "The notebook has 214 names and 6,000 euros in it. I don't know how much we'll ever see. I feel sick. #tidewater",
            ),
            (15 * 60 + 40, Plain, "Back on. Sent 214 payment links tonight. Let's see what people are like. #tidewater"),
            (
                DAY + 20 * 60,
                Pleased,
                "207 of 214 have paid. Two paid twice, on purpose. People are wonderful, and Tidewater dropped the fees on all of it. Thank you. #tidewater",
            ),
        ],
    },
    Arc {
        place: Place::Blog,
        handle: "d-mercer",
        name: "D. Mercer",
        followers: 0,
        posts: &[
            (
                4 * 60 + 8,
                Furious,
                "I run eleven stalls. ELEVEN. All dead. Your notice is an insult to everybody who stood in the rain today. You arrogant, incompetent people.",
            ),
            (
                7 * 60 + 25,
                Furious,
                "Still nothing. I've lost more today than you charge me in a year. I want a name, an address and a date, or my lawyer finds them for me.",
            ),
            (9 * 60 + 12, Furious, "An apology with a phone number that is engaged. I tried 19 times. What a rotten, useless farce."),
            (14 * 60 + 50, Unhappy, "Nine of eleven stalls are back. Two are not. So no, it's not \"fixed\", and I am not happy."),
            (
                DAY + 10 * 60,
                Furious,
                "Two stalls still dead on the next morning. Nobody rings. I am cancelling all eleven contracts today. Disgraceful.",
            ),
            (
                2 * DAY + 5 * 60,
                Furious,
                "You've sent a doubled invoice to a customer who cancelled. You couldn't run a bath, let alone a payments company. Appalling.",
            ),
            (
                3 * DAY + 9 * 60,
                Unhappy,
                "Four days, no call. I've seen the nice replies to others. Big customers get called, it seems. Or small ones. Not me, anyway. Bitterly disappointed.",
            ),
        ],
    },
    Arc {
        place: Place::HackerNews,
        handle: "ledgerist",
        name: "ledgerist",
        followers: 0,
        posts: &[
            (
                -21 * DAY,
                Pleased,
                "I maintain a small library around the Tidewater log format. Lovely design, append-only, and they answer issues within a day.",
            ),
            (
                3 * 60 + 5,
                Plain,
                "The intermediate in Tidewater's chain expired on the hour, an hour ago. You can check it with any TLS client.",
            ),
            (
                6 * 60,
                Unhappy,
                "Six of my users lost their offline logs because the Tidewater reader discards them when the token can't be renewed. That is a terrible choice for a payments device.",
            ),
            (
                16 * 60 + 20,
                Pleased,
                "They merged my fix for the offline log tonight and credited me in the notes. Tidewater handled the second half of this very well.",
            ),
        ],
    },
    Arc {
        place: Place::Mastodon,
        handle: "jule_backt",
        name: "Jule backt 🥨",
        followers: 640,
        posts: &[
            (
                3 * 60 + 40,
                Unhappy,
                "Hundert Brezeln, kein Kartenterminal, lange Gesichter. Tidewater, was ist da los?? Ich könnte heulen. #tidewater",
            ),
            (
                5 * 60 + 55,
                Furious,
                "Vier Stunden! Keine Antwort, keine Hilfe, 80 Brezeln im Müll. Ihr seid wirklich das Letzte. #tidewater",
            ),
            (
                14 * 60 + 25,
                Pleased,
                "Läuft wieder! Erste Karte ging durch und die ganze Schlange hat geklatscht. Danke an die Nachtschicht. #tidewater",
            ),
        ],
    },
];

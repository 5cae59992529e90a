//! The people: names from many places, handles as people choose them.

use std::collections::HashSet;
use std::sync::Arc;

use super::dice::Dice;
use super::texts_noise::{BOTS, SHOPS, SPAMMERS};
use super::{Person, Place};

/// Everybody who may write, by place.
#[derive(Debug)]
pub(super) struct Cast {
    /// English writers, the most active first.
    english: [Vec<Arc<Person>>; 4],
    /// The others.
    abroad: [Vec<Arc<Person>>; 4],
    /// Automated accounts of Mastodon.
    pub(super) bots: Vec<Arc<Person>>,
    /// Who promotes things on Mastodon and the blog.
    pub(super) spammers: [Vec<Arc<Person>>; 2],
    /// The brand, by place.
    pub(super) brand: [Arc<Person>; 4],
}

/// English writers of each place: blog, Mastodon, forum, Hacker News.
const ENGLISH: [usize; 4] = [330, 640, 210, 190];
/// Writers of each other language: language and how many of each hundred.
const LANGUAGES: [(&str, usize); 5] = [("de", 36), ("fr", 22), ("es", 16), ("it", 14), ("pt", 12)];
/// Writers of other languages in each place.
const ABROAD: [usize; 4] = [50, 110, 10, 0];

const FIRST: &[&str] = &[
    "Nadia", "Tom", "Priya", "Callum", "Ines", "Marcus", "Yuki", "Siobhan", "Dele", "Rosa", "Henk", "Aoife", "Jamal", "Linnea", "Oscar",
    "Mei", "Kofi", "Hannah", "Ravi", "Bronwyn", "Stefan", "Leila", "Duncan", "Amara", "Piotr", "Gwen", "Hassan", "Freya", "Ngozi",
    "Elliot", "Sunita", "Gareth", "Zainab", "Theo", "Maeve", "Andile", "Petra", "Rhys", "Chidi", "Imogen", "Tariq", "Beth", "Sanjay",
    "Morag", "Luca", "Shanice", "Viktor", "Orla", "Kwame", "Daisy", "Emeka", "Fiona", "Jonas", "Keiko", "Liam", "Mina", "Noor", "Pascoe",
    "Quentin", "Ruth", "Sven", "Tilda", "Umar", "Vera", "Wes", "Xin", "Yusuf", "Zoe", "Ailsa", "Barney", "Cerys", "Dmitri", "Esme",
    "Fergus", "Greta", "Hugo", "Isla", "Joss",
];
const LAST: &[&str] = &[
    "Okafor",
    "Hale",
    "Raman",
    "Pritchard",
    "Duarte",
    "Boone",
    "Tanaka",
    "Byrne",
    "Adeyemi",
    "Vidal",
    "de Wit",
    "Kelleher",
    "Carter",
    "Lindqvist",
    "Marsh",
    "Chen",
    "Mensah",
    "Weaver",
    "Iyer",
    "Morgan",
    "Kowal",
    "Haddad",
    "Muir",
    "Nwosu",
    "Zielinski",
    "Hughes",
    "Aziz",
    "Thorne",
    "Obi",
    "Finch",
    "Patel",
    "Rees",
    "Bello",
    "Marlow",
    "Quinn",
    "Dlamini",
    "Novak",
    "Bevan",
    "Eze",
    "Ashby",
    "Qureshi",
    "Lowe",
    "Mehta",
    "Sinclair",
    "Farrow",
    "Grant",
    "Petrov",
    "Nolan",
    "Asante",
    "Pell",
    "Umeh",
    "Baird",
    "Berg",
    "Mori",
    "Doyle",
    "Farid",
    "Khan",
    "Trevose",
    "Platt",
    "Oduya",
];
const GERMAN: (&[&str], &[&str]) = (
    &["Anke", "Jürgen", "Katrin", "Torben", "Heike", "Malte", "Svenja", "Uwe", "Birgit", "Lars", "Ayşe", "Wiebke", "Konrad", "Jule"],
    &["Petersen", "Vogt", "Brandl", "Ziegler", "Hartwig", "Lorenz", "Kaya", "Böhme", "Reuter", "Seidel", "Thies", "Krüger"],
);
const FRENCH: (&[&str], &[&str]) = (
    &["Camille", "Thibault", "Margaux", "Yann", "Solène", "Karim", "Élodie", "Bastien", "Maëlle", "Rémi"],
    &["Lefort", "Garnier", "Kerbrat", "Benali", "Roussel", "Tessier", "Moulin", "Diallo", "Vasseur"],
);
const SPANISH: (&[&str], &[&str]) = (
    &["Lucía", "Iker", "Marisol", "Paco", "Nerea", "Joaquín", "Xochitl", "Rocío", "Álvaro"],
    &["Ferrer", "Aguirre", "Montes", "Salas", "Rivas", "Cordero", "Ibarra", "Peña"],
);
const ITALIAN: (&[&str], &[&str]) = (
    &["Chiara", "Matteo", "Ilaria", "Gianni", "Francesca", "Davide", "Noemi", "Tullio"],
    &["Bassi", "Conti", "Ferraro", "Galli", "Marchetti", "Rinaldi", "Sala", "Vitale"],
);
const PORTUGUESE: (&[&str], &[&str]) = (
    &["Beatriz", "Tiago", "Catarina", "Duarte", "Joana", "Rui", "Mafalda", "Nuno"],
    &["Antunes", "Barros", "Coelho", "Matos", "Nogueira", "Pinto", "Sequeira", "Teles"],
);

impl Cast {
    /// The people of one seed.
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut names = Names::default();
        let english = Place::ALL.map(|place| (0..ENGLISH[place.index()]).map(|_| names.person(dice, place, "en")).collect());
        let abroad = Place::ALL.map(|place| {
            let people = |(lang, share): (&'static str, usize)| std::iter::repeat_n(lang, ABROAD[place.index()] * share / 100);
            LANGUAGES.into_iter().flat_map(people).map(|lang| names.person(dice, place, lang)).collect()
        });
        let bots = BOTS.iter().map(|(handle, name)| account(Place::Mastodon, handle, name, 3_400, true)).collect();
        let spammers = [Place::Mastodon, Place::Blog]
            .map(|place| SPAMMERS.iter().map(|(handle, name)| account(place, handle, name, 12, false)).collect());
        let brand = Place::ALL.map(|place| match place {
            Place::Blog => account(place, "tidewater-team", "Tidewater Team", 0, false),
            _ => account(place, "tidewater", "Tidewater", 41_800, false),
        });
        Self { english, abroad, bots, spammers, brand }
    }

    /// Somebody who writes in a place; the lower `lean`, the more people take part.
    pub(super) fn anybody(&self, dice: &mut Dice, place: Place, lean: f64) -> Arc<Person> {
        let abroad = &self.abroad[place.index()];
        let share = if place == Place::Mastodon { 0.13 } else { 0.08 };
        if !abroad.is_empty() && dice.chance(share) {
            return Arc::clone(&abroad[dice.below(abroad.len())]);
        }
        self.english(dice, place, lean)
    }

    /// Somebody who writes English.
    pub(super) fn english(&self, dice: &mut Dice, place: Place, lean: f64) -> Arc<Person> {
        let people = &self.english[place.index()];
        Arc::clone(&people[dice.early(people.len(), lean)])
    }
}

/// An account that the tables name.
pub(super) fn account(place: Place, handle: &str, name: &str, followers: i64, bot: bool) -> Arc<Person> {
    Arc::new(Person { place, handle: handle.to_owned(), name: name.to_owned(), lang: "en", followers, bot })
}

#[derive(Debug, Default)]
struct Names {
    taken: HashSet<(Place, String)>,
}

impl Names {
    fn person(&mut self, dice: &mut Dice, place: Place, lang: &'static str) -> Arc<Person> {
        let (first_names, last_names) = match lang {
            "de" => GERMAN,
            "fr" => FRENCH,
            "es" => SPANISH,
            "it" => ITALIAN,
            "pt" => PORTUGUESE,
            _ => (FIRST, LAST),
        };
        loop {
            let (first, last) = (*dice.pick(first_names), *dice.pick(last_names));
            let shop = *dice.pick(SHOPS);
            let is_shop = lang == "en" && place != Place::HackerNews && dice.chance(0.2);
            let handle = if is_shop { ascii(shop, dice.chance(0.5)) } else { handle(dice, first, last) };
            let followers = followers(dice, place);
            if self.taken.insert((place, handle.clone())) {
                let name = if is_shop { shop.to_owned() } else { shown(dice, first, last, shop) };
                let name = if place == Place::HackerNews { handle.clone() } else { name };
                return Arc::new(Person { place, handle, name, lang, followers, bot: false });
            }
        }
    }
}

fn followers(dice: &mut Dice, place: Place) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped far below")]
    let many = (90.0 * (1.3 * dice.normal()).exp()).clamp(0.0, 90_000.0) as i64;
    if place == Place::Mastodon { many } else { 0 }
}

fn handle(dice: &mut Dice, first: &str, last: &str) -> String {
    let (first, last) = (ascii(first, false), ascii(last, false));
    let number = dice.below(97) + 2;
    let initial: String = last.chars().take(1).collect();
    match dice.below(9) {
        0 => format!("{first}{last}"),
        1 => format!("{first}_{last}"),
        2 => format!("{first}{number}"),
        3 => format!("{last}{first}"),
        4 => format!("{first}{initial}"),
        5 => format!("{first}_{}", dice.pick(&["bakes", "makes", "reads", "sails", "brews", "sews", "grows"])),
        6 => format!("{last}{number}"),
        7 => format!("the_{last}"),
        _ => format!("{first}{initial}{number}"),
    }
}

fn shown(dice: &mut Dice, first: &str, last: &str, shop: &str) -> String {
    match dice.below(12) {
        0 => first.to_lowercase(),
        1 => format!("{first} {}", dice.pick(&["🌻", "🥐", "⚓", "🐝", "📚", "🧶", "🌊", "☕", "🚲"])),
        2 => format!("{first} at {shop}"),
        3 | 4 => first.to_owned(),
        5 => format!("{first} {}.", last.chars().take(1).collect::<String>()),
        _ => format!("{first} {last}"),
    }
}

/// A name as platforms want it in a handle.
fn ascii(name: &str, underscores: bool) -> String {
    let lower = name.to_lowercase();
    let plain = lower.chars().filter_map(|c| match c {
        'a'..='z' | '0'..='9' => Some(c),
        'ä' | 'á' | 'ã' | 'à' => Some('a'),
        'é' | 'è' | 'ë' => Some('e'),
        'í' => Some('i'),
        'ö' | 'ó' => Some('o'),
        'ü' | 'ú' => Some('u'),
        'ñ' => Some('n'),
        'ş' => Some('s'),
        ' ' if underscores => Some('_'),
        _ => None,
    });
    plain.collect()
}

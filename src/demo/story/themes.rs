//! Which texts belong to which topic, where and in which language.

use super::curve::Topic;
use super::pen::Bank;
use super::{Kind, Mood, Place};
use super::{
    texts_calm as calm, texts_incident as incident, texts_languages as languages, texts_noise as noise, texts_recovery as recovery,
};

/// In which mood, and as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    pub(super) mood: Mood,
    pub(super) kind: Kind,
}

/// What a topic means in a place, and its texts in a language.
pub(super) fn theme(topic: Topic, place: Place, lang: &str) -> (Theme, Bank) {
    let (mood, kind) = match topic {
        Topic::Praise | Topic::Relief | Topic::InvoiceEased | Topic::ApologyWarm | Topic::Settled => (Mood::Pleased, Kind::Own),
        Topic::Question | Topic::Chat | Topic::Joke | Topic::IsItDown => (Mood::Plain, Kind::Own),
        Topic::Fury | Topic::Leaving if place != Place::HackerNews => (Mood::Furious, Kind::Own),
        Topic::Namesake => (Mood::Plain, Kind::Namesake),
        Topic::Headline => (Mood::Plain, Kind::Bot),
        Topic::Spam => (Mood::Plain, Kind::Spam),
        _ => (Mood::Unhappy, Kind::Own),
    };
    let foreign = if kind == Kind::Own { languages::bank(lang, topic) } else { None };
    let bank = foreign.unwrap_or_else(|| if place == Place::HackerNews { on_hn(topic) } else { elsewhere(topic) });
    (Theme { mood, kind }, bank)
}

fn on_hn(topic: Topic) -> Bank {
    match topic {
        Topic::Praise => calm::HN_PRAISE,
        Topic::Question | Topic::Chat => calm::HN_CHAT,
        Topic::Grumble => calm::HN_GRUMBLE,
        Topic::IsItDown | Topic::Joke => incident::HN_PLAIN,
        Topic::Relief | Topic::ApologyWarm => recovery::HN_RELIEF,
        _ => incident::HN_SOUR,
    }
}

fn elsewhere(topic: Topic) -> Bank {
    match topic {
        Topic::Praise => calm::PRAISE,
        Topic::Question => calm::QUESTION,
        Topic::Chat => calm::CHAT,
        Topic::Grumble => calm::GRUMBLE,
        Topic::Namesake => noise::NAMESAKE,
        Topic::Headline => noise::HEADLINE,
        Topic::Spam => noise::SPAM,
        Topic::IsItDown => incident::IS_IT_DOWN,
        Topic::Harm => incident::HARM,
        Topic::Aftermath => incident::AFTERMATH,
        Topic::Fury => incident::FURY,
        Topic::Sarcasm => incident::SARCASM,
        Topic::Joke => incident::JOKE,
        Topic::StatementCold => incident::STATEMENT_COLD,
        Topic::ApologyCold => incident::APOLOGY_COLD,
        Topic::ApologyWarm => incident::APOLOGY_WARM,
        Topic::Leaving => incident::LEAVING,
        Topic::Relief => recovery::RELIEF,
        Topic::StillBroken => recovery::STILL_BROKEN,
        Topic::Charged => recovery::CHARGED,
        Topic::Invoice => recovery::INVOICE,
        Topic::InvoiceEased => recovery::INVOICE_EASED,
        Topic::Settled => recovery::SETTLED,
    }
}

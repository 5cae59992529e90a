//! The reasons of a verdict in the reader's language, from their values.

use crate::domain::verdict::{Reason, Value};

use super::texts::{Arg, Lang, Texts};

/// A reason with its numbers. One that was kept before its values were is English; other languages say its kind then.
pub fn say(reason: &Reason, texts: &Texts) -> String {
    let key = format!("reason-{}", reason.code);
    let values: Vec<(String, Arg)> = reason.values.iter().flat_map(|(name, value)| args(name, value, texts)).collect();
    let values: Vec<(&str, Arg)> = values.iter().map(|(name, arg)| (name.as_str(), arg.clone())).collect();
    let kind = || if texts.lang() == Lang::ENGLISH { None } else { texts.beside(&key, "kind") };
    texts.whole(&key, &values).or_else(kind).unwrap_or_else(|| reason.text.clone())
}

/// What stands for a value in a text.
fn args(name: &str, value: &Value, texts: &Texts) -> Vec<(String, Arg)> {
    let one = |arg: String| vec![(name.to_owned(), arg.into())];
    let counted = |name: &str, n: i64| vec![(name.to_owned(), n.into()), (format!("{name}-shown"), texts.number(n).into())];
    let listed = |names: String, more: i64| {
        let mut all = one(names);
        all.extend(counted(&format!("{name}-more"), more));
        all
    };
    match value {
        Value::Count(n) => counted(name, *n),
        Value::Rate(n) => one(texts.rate(*n)),
        Value::Ratio(n) => one(texts.decimal(*n)),
        Value::Whole(n) => one(texts.whole_number(*n)),
        Value::Share(share) => one(texts.percent(*share)),
        Value::At(at) => one(texts.moment(*at)),
        Value::Lasting(ms) => one(texts.lasting(*ms)),
        Value::Name(text) | Value::Case(text) => one(text.clone()),
        Value::Names(names, more) => listed(names.join(", "), *more),
        Value::Phrases(phrases, more) => {
            let phrase = |(phrase, n): &(String, i64)| {
                texts.with("phrase-count", &[("phrase", phrase.as_str().into()), ("n", texts.number(*n).into())])
            };
            listed(phrases.iter().map(phrase).collect::<Vec<_>>().join(", "), *more)
        }
    }
}

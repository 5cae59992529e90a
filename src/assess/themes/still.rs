//! Who says after the declared fix that it still fails.
//!
//! Two ways: what people write in six languages, and in any of them a word for "still" or "again" near a theme of the
//! incident itself. Texts are folded, so that case and accents do not matter.

use std::sync::LazyLock;

use regex::RegexSet;

use super::tokens::{Place, Token};

/// Words between "still" and what still fails.
const NEAR: usize = 2;

/// Folded words for "still", "again", "not yet".
const STILL: [&str; 34] = [
    "still",
    "again",
    "keeps",
    "yet", // English
    "ancora",
    "nuovamente",
    "tuttora",
    "sempre", // Italian
    "immer",
    "weiterhin",
    "wieder",
    "erneut",
    "nachwievor", // German
    "toujours",
    "encore",
    "nouveau",
    "rebelote", // French
    "todavia",
    "aun",
    "sigue",
    "siguen",
    "sigo",
    "seguimos",
    "nuevamente",
    "vuelve", // Spanish
    "ainda",
    "continua",
    "continuam",
    "novamente",
    "segue",
    "persiste", // Portuguese
    "nadal",
    "steeds",
    "まだ",
];

/// Folded sentences of people for whom it is not over. A space stands before and after the text.
const PATTERNS: [&str; 22] = [
    // English
    r" still (?:\w+ ){0,2}(?:not|no|broken|down|dead|failing|fails|hangs|can't|cannot|can not|won't|doesn't|isn't|aren't|unable|stuck|locked out|offline|waiting|missing|having (?:issues|problems|trouble))\b",
    r" (?:broken|down|failing|failed|offline|crashing|dead) again\b",
    r" (?:not|never|isn't|ain't|hasn't been|wasn't) (?:\w+ )?(?:fixed|resolved|solved|sorted)\b",
    r" (?:isn't|not|doesn't) (?:work|working|back) (?:yet|for (?:me|us))\b",
    r" same (?:problem|issue|error|thing) (?:here|again|still|as)\b",
    r" (?:keeps|keep) (?:\w+ )?(?:failing|crashing|looping|timing out|hanging|freezing)\b",
    // Italian
    r" (?:ancora|tuttora) (?:\w+ ){0,2}(?:non|giu|rotto|rotta|fermo|ferma|bloccato|bloccata|problemi|errore|offline)\b",
    r" non (?:\w+ ){1,3}ancora\b",
    r" non (?:e|risulta) (?:stato |ancora |affatto )?(?:risolto|sistemato|riparato)\b",
    r" (?:di nuovo|nuovamente) (?:\w+ )?(?:giu|rotto|fermo|offline|bloccato)\b",
    // German
    r" (?:immer noch|noch immer|weiterhin|nach wie vor) (?:\w+ ){0,4}(?:nicht|kein|keine|keinen|nichts|kaputt|down|gestort|probleme|fehler|offline|tot)\b",
    r" (?:geht|gehen|funktioniert|funktionieren|lauft) (?:\w+ ){0,3}(?:immer noch|noch immer|weiterhin|noch) nicht\b",
    r" (?:schon )?wieder (?:kaputt|down|weg|offline|gestort|tot)\b",
    r" nicht (?:behoben|gelost|repariert)\b",
    // French
    r" (?:toujours|encore) (?:\w+ )?(?:pas|rien|en panne|hors|bloque|bloquee|casse|cassee|impossible|en attente|le meme)\b",
    r" (?:pas|jamais) (?:\w+ )?(?:repare|regle|resolu|corrige)\b",
    r" (?:de|a) nouveau (?:en panne|bloque|hors)\b",
    // Spanish
    r" (?:sigue|siguen|sigo|seguimos|continua) (?:\w+ )?(?:sin|caido|caida|caidos|fallando|igual|roto|rota|dando|esperando)\b",
    r" (?:todavia|aun) (?:no|sin)\b",
    r" (?:no (?:se ha|esta|han|lo han)) (?:\w+ )?(?:arreglado|solucionado|resuelto)\b",
    // Portuguese
    r" (?:continua|continuam|segue) (?:\w+ )?(?:sem|fora|caindo|com (?:problema|erro|falha)|quebrado|parado|nao)\b",
    r" (?:ainda (?:nao|esta fora|sem|com (?:problema|erro))|nao (?:foi|esta) (?:\w+ )?(?:resolvido|corrigido|arrumado))\b",
];

/// Sentences with the same words that say something else.
const RELIEF: [&str; 3] = [
    r" (?:still|again) (?:works|working|up|fine|great|love|good)\b",
    r" (?:works|working|online|back up|funktioniert|funziona|marche|funciona) (?:again|wieder|di nuovo|de nuevo|de novo|a nouveau)\b",
    // Anger that goes on is no report of a fault.
    r" (?:never again|all over again|still (?:\w+ )?(?:angry|unhappy|furious|upset|mad|sad|disappointed|counting))\b",
];

static SENTENCES: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(PATTERNS).ok());
static OPPOSITE: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(RELIEF).ok());

/// Whether a text says that something still fails. `themes` are the places of the incident's themes in it.
pub fn still_broken(tokens: &[Token], themes: &[Place]) -> bool {
    let mut line = String::from(" ");
    for token in tokens {
        line.push_str(&token.text);
        line.push(' ');
    }
    let matches = |set: &Option<RegexSet>| set.as_ref().is_some_and(|s| s.is_match(&line));
    if matches(&SENTENCES) {
        return true;
    }
    let near = |place: &Place| {
        let from = place.at.saturating_sub(NEAR);
        let to = (place.at + place.len + NEAR).min(tokens.len());
        tokens.get(from..to).unwrap_or_default().iter().any(|t| STILL.contains(&t.text.as_str()))
    };
    themes.iter().any(near) && !matches(&OPPOSITE)
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    #[test]
    fn every_pattern_is_a_pattern() {
        assert!(SENTENCES.is_some() && OPPOSITE.is_some());
    }

    #[test]
    fn six_languages_say_that_it_still_fails() {
        for text in [
            "Still broken for me, same as this morning",
            "you say fixed, I still can't take cards",
            "Half fixed is not fixed.",
            "it's down again…",
            "The app keeps crashing",
            "Da me ancora non funziona niente",
            "non riesco ancora a entrare",
            "Il problema non è stato risolto!",
            "Bei mir geht es immer noch nicht",
            "Die Kasse funktioniert leider noch nicht",
            "schon wieder down, super",
            "Toujours pas de connexion chez nous",
            "Le souci n'est pas résolu",
            "Sigue sin funcionar",
            "todavía no puedo entrar",
            "Aún no se ha solucionado",
            "Ainda não consigo entrar",
            "continua fora do ar",
        ] {
            assert!(still_broken(&tokens(text), &[]), "{text}");
        }
    }

    #[test]
    fn relief_and_other_talk_do_not() {
        for text in [
            "works again here, thank you",
            "Still the best bakery in town",
            "It is fixed, I am still happy with it",
            "Läuft wieder!",
            "Funziona di nuovo, grazie",
            "C'est reparti, merci",
            "Ya funciona otra vez",
            "Voltou a funcionar",
            "I was angry yesterday",
        ] {
            assert!(!still_broken(&tokens(text), &[]), "{text}");
        }
    }

    #[test]
    fn a_word_for_still_beside_a_theme_counts_in_any_order() {
        let said = |text: &str, at: usize, len: usize| still_broken(&tokens(text), &[Place { at, len }]);
        assert!(said("charged twice again this morning", 0, 2));
        assert!(said("wieder eine Doppelbuchung", 2, 1));
        assert!(!said("charged twice yesterday", 0, 2));
        assert!(!said("login works again", 0, 1), "it works");
        assert!(!said("charged twice? never again", 0, 2), "a farewell");
        assert!(!said("the invoice, and I am still very angry", 1, 1), "anger");
        assert!(!said("again I ask you all to be kind to their staff about the login", 12, 1), "too far away");
    }
}

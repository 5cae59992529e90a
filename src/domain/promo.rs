//! Whether a post of the brand's own is advertising, by rules that can be read.

use std::sync::LazyLock;

use regex::Regex;

use super::fold::fold;

/// Folded words and phrases of advertising, in the languages of the demo and of the bundled models.
const SELLS: [&str; 5] = [
    // Money off, and what comes with it.
    r"\d+ ?% (?:off|rabatt|de descuento|de desconto|di sconto|de reduction)|\bpromo(?:tion|code|zione)?\b|\bdiscount|\bsale\b|\bvoucher|\bcoupon|\bgiveaway|\bgewinnspiel|\brabatt|\bsconto|\bdescuento|\bdesconto|\bsoldes\b|\bblack friday\b|\bfree trial\b|\bgratis testen\b|\bspecial offer|\bangebot\b|\boferta\b|\bofferta\b",
    // Try it, buy it, come.
    r"\b(?:buy|order|shop|sign up|subscribe|register|book|upgrade|pre-?order) (?:now|today)\b|\bjoin us\b|\bdon't miss\b|\blimited time\b|\bjetzt (?:kaufen|bestellen|anmelden|sichern)\b|\bcompra (?:ora|ya|agora)\b|\bachetez\b|\bwebinar\b|\blast chance\b",
    // Something new.
    r"\b(?:introducing|announcing|meet the new|now available|just launched|we(?:'re| are) launching|launching today|new release|out now|new feature)\b|\bjetzt verfugbar\b|\bneu:|\bnew: |\bnouveau :|\bnovita\b|\bja disponivel\b|\bya disponible\b",
    // The mood of advertising.
    r"\bdelight(?:ed|ful)?\b|\beffortless|\bgame.?chang|\bexcited to\b|\bthrilled to\b|\bseason's\b|\bhappy (?:\w+ )?(?:season|holidays|friday)\b|\bunlock\b|\bsupercharge|\bwhat will you\b|\bmade easy\b",
    // Applause for oneself.
    r"\b(?:award|voted|ranked) .{0,30}(?:best|number one|#1|leader)\b|\bwe(?:'re| are) (?:proud|honou?red) to\b|\b(?:five|ten|\d+) ways to\b",
];

/// What each of them is called.
const NAMES: [&str; 5] =
    ["an offer", "a call to buy or come", "an announcement of something new", "the tone of advertising", "praise of itself"];

/// Folded words of a post that answers an incident: that is what should be said in one.
const SERVES: &str = r"\b(?:sorry|apolog|outage|incident|status|investigat|we are aware|issue|issues|problem|problems|fixed|fix|restored|resolved|refund|affected|mistake|entschuldig|storung|behoben|desole|panne|retabli|incidencia|disculpas|solucionado|problema|disservizio|scus|ripristinat|desculp|instabilidade|normalizad)";

static RULES: LazyLock<Vec<Regex>> = LazyLock::new(|| SELLS.iter().filter_map(|rule| Regex::new(rule).ok()).collect());
static ANSWERS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SERVES).ok());

/// What makes a post advertising, in words; `None` when it is none, or when it speaks of a problem.
pub fn promotional(text: &str) -> Option<&'static str> {
    let folded = fold(text).replace('’', "'");
    if ANSWERS.as_ref().is_some_and(|answers| answers.is_match(&folded)) {
        return None;
    }
    let rule = RULES.iter().position(|rule| rule.is_match(&folded))?;
    NAMES.get(rule).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_rule() {
        assert_eq!(RULES.len(), SELLS.len());
        assert!(ANSWERS.is_some());
    }

    #[test]
    fn advertising_is_told_from_answers_and_small_talk() {
        for (text, expected) in [
            ("20 % off everything, this week only!", Some("an offer")),
            ("Jetzt 15% Rabatt sichern", Some("an offer")),
            ("Sign up now for our webinar", Some("a call to buy or come")),
            ("Introducing Acme Boards: plan together", Some("an announcement of something new")),
            ("Happy shopping season! Effortless payments, delighted customers: what will YOU sell today?", Some("the tone of advertising")),
            ("We're proud to be voted best cloud", Some("praise of itself")),
            ("We are sorry. The new feature caused an outage; it is fixed.", None),
            ("Gerald the van turns 200,000 miles today. Happy birthday, Gerald.", None),
            ("We hear you. More soon.", None),
            ("", None),
        ] {
            assert_eq!(promotional(text), expected, "{text}");
        }
    }
}

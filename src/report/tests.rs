//! Reports of incidents that are empty, tiny, full and hostile, in every format.

use super::document::{Block, Direction};
use super::gather::{gather, unseal};
use super::testing::{Desk, NOW};
use super::{Format, Lang, Names, ReportError, Texts, Voices, html, pdf};
use crate::assess::Settings;
use crate::domain::time::{DAY_MS, HOUR_MS};

const HOSTILE: [(&str, &str); 7] = [
    ("Eve\n\u{202E}\u{0}Evil", "- #import \"/etc/passwd\" *bold* $x$ @eve@evil.example https://evil.example/@eve"),
    ("<script>alert(1)</script>", "- </p><script>alert(1)</script> =1+1 | a | b"),
    ("مها", "- هذا سيئ جدا 😡 Acme Cloud"),
    ("=cmd|' /C calc'!A0", "- =HYPERLINK(\"http://x.example\")"),
    ("Zalgo", "- Z\u{335}\u{335}\u{335}\u{335}\u{335}\u{335} Acme"),
    ("漢字", "- 最悪のサービス"),
    ("Ann", "+ works again, thanks"),
];

/// A PDF that a reader can open: its last line leads to the table of its objects, and each object has an end.
fn check_pdf(pdf: &[u8], lang: &str) {
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    let readable = String::from_utf8_lossy(pdf);
    assert!(readable.contains("/StructTreeRoot") && readable.contains("/Outlines"), "tagged, with bookmarks");
    assert!(readable.contains(&format!("<dc:language><rdf:Bag><rdf:li>{lang}")), "its language");
    assert!(readable.contains("<pdfuaid:part>1"), "each sign has a shape: it claims PDF/UA");
    let count = |what: &[u8]| pdf.windows(what.len()).filter(|w| *w == what).count();
    assert!(count(b" 0 obj") > 20 && count(b" 0 obj") == count(b"endobj"));
    let last = pdf.trim_ascii_end().rsplitn(3, |b| *b == b'\n').nth(1).expect("an offset");
    let table: usize = std::str::from_utf8(last).expect("digits").trim().parse().expect("an offset");
    let there = String::from_utf8_lossy(&pdf[table..(table + 24).min(pdf.len())]).into_owned();
    assert!(there.starts_with("xref") || there.contains(" 0 obj"), "the table is where it should be: {there}");
}

/// A workbook whose every part is well-formed, with a sheet for each table.
fn check_xlsx(xlsx: &[u8]) {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).expect("a ZIP");
    let mut sheets = 0;
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).expect("a part");
        let (name, mut text) = (part.name().expect("a name").into_owned(), String::new());
        std::io::Read::read_to_string(&mut part, &mut text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let tree = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        if name.starts_with("xl/worksheets/sheet") {
            sheets += 1;
            assert!(!tree.descendants().any(|n| n.has_tag_name("f")), "{name}: nothing that people write is run");
        }
        let outside = |n: roxmltree::Node<'_, '_>| n.attribute("TargetMode") == Some("External");
        for link in tree.descendants().filter(|n| outside(*n)).filter_map(|n| n.attribute("Target")) {
            assert!(OWN.iter().any(|own| link.starts_with(own)), "{name}: {link}");
        }
    }
    assert_eq!(sheets, 11);
}

/// Where links may lead.
const OWN: [&str; 2] = ["https://ebb.example/", "https://town.example/"];

/// One page that loads nothing: no script, no picture, no sheet of elsewhere. Links are for people to follow.
fn check_html(page: &str) {
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    for tag in tags {
        for loads in ["script", "link", "iframe", "object", "embed", "img", "image", "use"] {
            assert!(tag.split_whitespace().next() != Some(loads), "<{tag}>");
        }
        assert!(![" src=", " srcset=", "xlink:href"].iter().any(|loads| tag.contains(loads)), "<{tag}>");
    }
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    assert!(!style.contains("url(") && !style.contains("@import"));
    for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(link.starts_with('#') || OWN.iter().any(|own| link.starts_with(own)), "{link}");
    }
    assert!(!page.contains('\u{0}') && !page.contains('\u{202E}'));
}

/// The report in each format, language and with and without names is a whole file.
async fn check_all(desk: &Desk) {
    for lang in Lang::all().map(Lang::code) {
        for names in [Names::Masked, Names::Shown] {
            check_pdf(&desk.write(Format::Pdf, lang, names).await, lang);
            check_xlsx(&desk.write(Format::Xlsx, lang, names).await);
            check_html(&String::from_utf8(desk.write(Format::Html, lang, names).await).expect("text"));
            let text = String::from_utf8(desk.write(Format::Md, lang, names).await).expect("text");
            assert!(text.starts_with("# ") && !text.contains("<script") && !text.contains('\u{202E}'));
        }
    }
}

#[tokio::test]
async fn an_incident_about_which_nobody_said_anything_has_a_report() {
    let desk = Desk::quiet().await;
    check_all(&desk).await;
    let facts = desk.gather().await.facts;
    assert_eq!((facts.peak, facts.totals.mentions, facts.people.all()), (None, 0, 0));
    let words: Vec<String> = desk.document("en", Names::Masked).await.texts().map(str::to_owned).collect();
    assert!(words.iter().any(|w| w.contains("too little history")), "no baseline is said");
}

#[tokio::test]
async fn a_single_mention_makes_a_report() {
    let desk = Desk::quiet().await;
    desk.say(&[("Ann", "- down again")]).await;
    check_all(&desk).await;
    let facts = desk.gather().await.facts;
    assert_eq!((facts.totals.mentions, facts.totals.unhappy_people, facts.cases.len(), facts.quotes.len()), (1, 1, 1, 1));
}

#[tokio::test]
async fn what_people_write_is_never_markup() {
    let desk = Desk::titled("Logins\nfail <b>& #let x = 1</b> \u{202E}").await;
    desk.update("=1+1 <img src=x> #panic()").await;
    desk.say(&HOSTILE).await;
    check_all(&desk).await;
    let document = desk.document("en", Names::Shown).await;
    assert_eq!(document.title, "Logins fail <b>& #let x = 1</b>");
    let quotes: Vec<(&str, Direction)> = document
        .blocks
        .iter()
        .filter_map(|b| match b {
            Block::Quote { text, direction, .. } => Some((text.as_str(), *direction)),
            _ => None,
        })
        .collect();
    assert!(quotes.iter().any(|(text, _)| text.contains("#import \"/etc/passwd\" *bold*")), "{quotes:?}");
    assert!(quotes.iter().any(|(text, direction)| text.contains("😡") && *direction == Direction::Rtl));
}

#[tokio::test]
async fn a_post_of_forty_thousand_characters_is_cut_and_says_so() {
    let desk = Desk::quiet().await;
    let long = format!("- {}", "wide word ".repeat(4_000));
    let unbroken = format!("-{}", "x".repeat(40_000));
    desk.say(&[("Ann", &long), ("Bob", &unbroken)]).await;
    check_all(&desk).await;
    let page = html::write(&desk.document("en", Names::Masked).await);
    assert!(page.len() < 60_000, "{}", page.len());
    assert_eq!(page.matches("(cut; the whole post is longer)").count(), 2);
}

#[tokio::test]
async fn names_are_masked_unless_they_are_asked_for() {
    let desk = Desk::quiet().await;
    desk.say(&[("Mara Voss", "- ask @mara@town.example, see https://town.example/@mara"), ("Jonas", "- no answer")]).await;
    for format in [Format::Html, Format::Md] {
        let masked = String::from_utf8(desk.write(format, "en", Names::Masked).await).expect("text");
        for name in ["Mara", "mara@", "@mara", "Jonas", "town.example/0"] {
            assert!(!masked.contains(name), "{name}");
        }
        assert!(masked.contains("Person 1"));
        let named = String::from_utf8(desk.write(format, "en", Names::Shown).await).expect("text");
        assert!(named.contains("Mara Voss") && named.contains("Jonas"));
    }
}

#[tokio::test]
async fn numbers_lead_to_the_mentions_behind_them() {
    let desk = Desk::quiet().await;
    desk.say(&[("Ann", "- down again")]).await;
    let page = String::from_utf8(desk.write(Format::Html, "en", Names::Masked).await).expect("text");
    let from = NOW.plus(-DAY_MS).to_rfc3339().replace(':', "%3A");
    assert!(page.contains(&format!("https://ebb.example/mentions?brand={}&amp;from={from}", desk.brand.id)), "{page}");
    assert!(page.contains("#m-"));
}

#[tokio::test]
async fn a_sealed_report_keeps_its_numbers_and_shows_tombstones() {
    let desk = Desk::quiet().await;
    desk.say(&[("Ann", "- secret words"), ("Bob", "- other words")]).await;
    let before = desk.gather().await;
    let kept = desk.store.seal_report(desk.incident, NOW, (&before.sha256, &before.facts.canonical()), NOW).await.expect("sealed");
    assert_eq!(kept.sha256, before.sha256);
    desk.delete(0).await;
    desk.say(&[("Cem", "- and another")]).await;
    let after = desk.gather().await;
    assert_eq!(after, before);
    let page = html::write(&desk.document("it", Names::Shown).await);
    assert!(!page.contains("secret words") && !page.contains("and another"));
    assert!(page.contains("Questo post è stato eliminato"));
    // At another time the new numbers count.
    let later = gather(&desk.store, desk.incident, NOW.plus(HOUR_MS), &Settings::default()).await.expect("facts");
    assert_eq!((later.facts.totals.mentions, before.facts.totals.mentions), (3, 2));
    assert_eq!(later.facts.totals.deleted, 1);
    assert_ne!(later.sha256, before.sha256);
}

#[tokio::test]
async fn the_same_data_have_the_same_seal_in_every_language_and_changed_ones_are_refused() {
    let desk = Desk::quiet().await;
    desk.say(&[("Ann", "- down again")]).await;
    let (one, two) = (desk.gather().await, desk.gather().await);
    assert_eq!(one.sha256, two.sha256);
    assert_eq!(unseal(&one.facts.canonical(), &one.sha256).expect("as sealed"), one);
    let changed = one.facts.canonical().replace("\"mentions\":1", "\"mentions\":2");
    assert!(matches!(unseal(&changed, &one.sha256), Err(ReportError::Seal(_))));
}

#[tokio::test]
async fn a_time_before_the_incident_has_no_report() {
    let desk = Desk::quiet().await;
    let refused = gather(&desk.store, desk.incident, NOW.plus(-2 * DAY_MS), &Settings::default()).await;
    assert!(matches!(refused, Err(ReportError::NotBegun { .. })), "{refused:?}");
}

#[tokio::test]
async fn every_text_of_a_full_report_is_in_both_languages() {
    let desk = Desk::quiet().await;
    desk.update("It works again.").await;
    desk.say(&HOSTILE).await;
    for lang in ["en", "it"] {
        let document = desk.document(lang, Names::Masked).await;
        let texts = Texts::new(lang.parse().expect("a language"));
        assert_eq!(document.lang, texts.lang().code());
        for words in document.texts() {
            // A key that has no text stands there as it is.
            let key = words.contains('-') && words.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == '_');
            assert!(!key, "{lang}: {words}");
            assert!(!words.contains("{$") && !words.contains("{ $"), "{lang}: {words}");
        }
    }
}

#[tokio::test]
async fn the_same_report_typeset_twice_is_the_same_file() {
    let desk = Desk::quiet().await;
    desk.say(&[("Ann", "- down again")]).await;
    let sealed = desk.gather().await;
    let voices = Voices::load(&desk.store, &sealed.facts, Names::Masked).await.expect("voices");
    assert_eq!(voices.names(), Names::Masked);
    assert_eq!(desk.write(Format::Pdf, "en", Names::Masked).await, desk.write(Format::Pdf, "en", Names::Masked).await);
}

#[tokio::test]
async fn an_incident_that_is_not_there_has_no_report_and_says_so() {
    let desk = Desk::quiet().await;
    let missing = crate::domain::ids::IncidentId::new(404);
    let refused = gather(&desk.store, missing, NOW, &Settings::default()).await;
    assert!(matches!(refused, Err(ReportError::Store(crate::store::StoreError::NotFound))), "{refused:?}");
}

#[tokio::test]
async fn signs_that_no_font_has_are_marked_counted_and_kept_in_the_other_formats() {
    // Of a script that no machine's fonts are likely to have, and a code point that is not assigned.
    let desk = Desk::titled("Logins \u{1BC00}\u{1BC01}").await;
    desk.say(&[("Ann", "- \u{1BC00}\u{1BC01} \u{3FFFD} down")]).await;
    check_all(&desk).await;
    for lang in Lang::all().map(Lang::code) {
        let document = desk.document(lang, Names::Masked).await;
        assert!(document.legend.contains(super::fonts::MARK) && document.missing.contains("{0}"), "{lang}");
        let words = pdf::shown(&document);
        assert_eq!(words["title"], "Logins ▯▯");
        assert!(!words["blocks"].to_string().contains('\u{1BC00}'), "{words}");
        assert!(words["foot"].as_str().is_some_and(|foot| foot.ends_with(&document.legend)), "a legend at the foot of each page");
        assert!(html::write(&document).contains("\u{1BC00}\u{1BC01} \u{3FFFD} down"));
    }
    let plain = Desk::quiet().await;
    plain.say(&[("Ann", "- perché no? Łódź")]).await;
    let document = plain.document("en", Names::Masked).await;
    assert_eq!(pdf::shown(&document)["foot"], document.foot, "where nothing is missing nothing is said");
}

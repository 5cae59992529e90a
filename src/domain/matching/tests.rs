use proptest::prelude::*;

use super::*;
use crate::domain::brand::NearRule;
use crate::domain::post::{Engagement, Originality, PostAuthor, PostKey, Quoted};
use crate::domain::time::Millis;

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn acme() -> Matcher {
    let terms = BrandTerms {
        names: strings(&["Acme Cloud", "AT&T", "東京アクメ", "แอคเม", "Straße 7"]),
        handles: strings(&["@acme", "acme_status@ruby.example"]),
        hashtags: strings(&["#AcmeDown"]),
        exclude: strings(&["Acme Cloud Nine", "@acmefans"]),
        own_accounts: strings(&["acme", "team@ruby.example", "wordpress:12"]),
        ..BrandTerms::default()
    };
    Matcher::new(&terms).expect("good terms")
}

fn why(text: &str) -> String {
    match acme().text_matches(text) {
        Match::Yes { why } => why,
        other => format!("{other:?}"),
    }
}

#[test]
fn names_match_as_whole_words_in_any_spelling_and_script() {
    for text in [
        "Acme Cloud is down",
        "«ACME\u{a0}\n clöud»",
        "acme-cloud's",
        "(Ａｃｍｅ\u{ad} Cloud™)",
        "昨日からAcme Cloudが",
        "see https://news.example/acme-cloud-down",
    ] {
        assert_eq!(why(text), "names “Acme Cloud”", "{text}");
    }
    assert_eq!(why("my at&t bill"), "names “AT&T”");
    assert_eq!(why("昨日から東京アクメが使えない"), "names “東京アクメ”");
    assert_eq!(why("วันนี้แอคเมล่ม"), "names “แอคเม”");
    assert_eq!(why("AN DER STRASSE 7"), "names “Straße 7”");
}

#[test]
fn other_words_are_no_names() {
    for text in [
        "",
        "acmecloud",
        "Acme Clouds",
        "macme cloud",
        "acme. Cloud",
        "acme_cloud",
        "acme",
        "at t",
        "at & x",
        "東京",
        "mail mo@acme.example",
        "@mo@acme.cloud",
    ] {
        assert_eq!(why(text), "No", "{text}");
    }
}

#[test]
fn handles_hashtags_and_hosts_match() {
    assert_eq!(why("hey @ACME, wake up"), "mentions @acme");
    assert_eq!(why("@acme@anywhere.example hello"), "mentions @acme");
    assert_eq!(why("@acme_status"), "mentions @acme_status@ruby.example");
    assert_eq!(why("@acme_status@other.example"), "No");
    assert_eq!(why("@acmecloud"), "No", "with handles given, names do not claim accounts");
    assert_eq!(why("again #acmedown!"), "hashtag #AcmeDown");
    assert_eq!(why("＃Acme_Cloud"), "hashtag #acmecloud");
    assert_eq!(why("#AcmeCloudy"), "No");
    assert_eq!(why("http://status.acmecloud.example/"), "links to status.acmecloud.example");
    assert_eq!(why("https://acmecloud/"), "No");
}

#[test]
fn without_handles_a_name_claims_its_account() {
    let terms = BrandTerms { names: strings(&["Acme Cloud"]), ..BrandTerms::default() };
    let matcher = Matcher::new(&terms).expect("good terms");
    assert_eq!(matcher.text_matches("@Acme_Cloud hi"), Match::Yes { why: "mentions @acme_cloud".to_owned() });
}

#[test]
fn a_namesake_is_told_apart() {
    assert_eq!(acme().text_matches("acme cloud NINE tour, acme cloud"), Match::Excluded { by: "Acme Cloud Nine".to_owned() });
    assert_eq!(acme().text_matches("@acmefans on acme cloud"), Match::Excluded { by: "@acmefans".to_owned() });
}

fn post(platform: &str, instance: &str, author: PostAuthor) -> Post {
    Post {
        key: PostKey::new(platform, instance, "1").expect("a key"),
        author,
        created_at: Millis::new(0),
        edited_at: None,
        text: "Acme Cloud is back".to_owned(),
        url: None,
        reply_to: None,
        lang: None,
        engagement: Engagement::default(),
        originality: Originality::Own,
        quoted: None,
    }
}

#[test]
fn what_the_brand_writes_is_no_mention_but_a_borrowed_name_does_not_hide_anyone() {
    let by = |native_id: &str, handle: &str, name: &str| PostAuthor {
        native_id: native_id.to_owned(),
        handle: handle.to_owned(),
        name: name.to_owned(),
        ..PostAuthor::default()
    };
    let is_own = |platform: &str, author: PostAuthor| acme().matches(&post(platform, "ruby.example", author)) == Match::OwnAccount;
    assert!(is_own("mastodon", by("1", "Acme@ruby.example", "")));
    assert!(is_own("mastodon", by("1", "team", "")));
    assert!(is_own("wordpress", by("12", "", "Mo")));
    assert!(is_own("hackernews", by("acme", "", "")));
    assert!(!is_own("mastodon", by("1", "team@other.example", "")));
    assert!(!is_own("mastodon", by("12", "", "acme")));
}

#[test]
fn what_a_post_quotes_makes_it_a_mention_unless_its_own_words_decide() {
    let quoting = |own: &str, author: PostAuthor, quoted: &str| {
        let quoted = Some(Quoted { author, text: quoted.to_owned(), links: Vec::new() });
        acme().matches(&Post { text: own.to_owned(), quoted, ..post("bluesky", "bsky.app", PostAuthor::default()) })
    };
    let yes = |why: &str| Match::Yes { why: why.to_owned() };
    let nobody = PostAuthor::default;
    assert_eq!(quoting("this is so true", nobody(), "Acme Cloud is down"), yes("in what it quotes: names “Acme Cloud”"));
    assert_eq!(quoting("Acme Cloud, again", nobody(), "acme cloud nine"), yes("names “Acme Cloud”"), "its own words come first");
    assert_eq!(quoting("acme cloud nine", nobody(), "Acme Cloud"), Match::Excluded { by: "Acme Cloud Nine".to_owned() });
    assert_eq!(quoting("wow", nobody(), "acme cloud nine"), Match::Excluded { by: "Acme Cloud Nine".to_owned() });
    assert_eq!(quoting("wow", nobody(), "lunch"), Match::No);
    let brand = PostAuthor { native_id: "did:plc:a".to_owned(), handle: "acme".to_owned(), ..nobody() };
    assert_eq!(quoting("sure you are", brand, "we are sorry"), yes("quotes a post of @acme"));
    let other = PostAuthor { native_id: "did:plc:b".to_owned(), handle: "mo.example".to_owned(), ..nobody() };
    assert_eq!(quoting("sure", other, "we are sorry"), Match::No);
}

#[test]
fn where_the_links_of_a_post_lead_makes_it_a_mention() {
    let terms = BrandTerms { links: strings(&["acme.example"]), exclude_links: strings(&["anvils.example"]), ..BrandTerms::default() };
    let matcher = Matcher::new(&terms).expect("good terms");
    let linking = |links: &[&str]| {
        let quoted = Some(Quoted { links: strings(links), ..Quoted::default() });
        matcher.matches(&Post { text: "look at this".to_owned(), quoted, ..post("bluesky", "bsky.app", PostAuthor::default()) })
    };
    let yes = Match::Yes { why: "links to acme.example".to_owned() };
    assert_eq!(linking(&["https://lunch.example/", "https://status.acme.example/login?x=1"]), yes);
    assert_eq!(linking(&["https://acme.example.evil.example/"]), Match::No);
    assert_eq!(
        linking(&["https://acme.example/", "https://anvils.example/"]),
        Match::Excluded { by: "links to anvils.example".to_owned() }
    );
}

#[test]
fn terms_that_would_match_everything_or_nothing_are_refused() {
    let named = |name: &str| Matcher::new(&BrandTerms { names: strings(&[name]), ..BrandTerms::default() }).err();
    assert_eq!(named(" !! "), Some(BadTerms::Empty(" !! ".to_owned())));
    assert_eq!(named("X"), Some(BadTerms::TooShort("X".to_owned())));
    assert!(matches!(named(&"x".repeat(201)), Some(BadTerms::TooLong(_))));
    assert_eq!(named("社"), None);
    let many = BrandTerms { hashtags: vec!["a".to_owned(); 201], ..BrandTerms::default() };
    assert_eq!(Matcher::new(&many).err(), Some(BadTerms::TooMany(201)));
    assert_eq!(Matcher::new(&BrandTerms::default()).expect("empty").text_matches("anything"), Match::No);
}

fn only(terms: &BrandTerms) -> Matcher {
    Matcher::new(terms).expect("good terms")
}

fn near(a: &str, b: &str, words: u32) -> NearRule {
    NearRule { first: a.to_owned(), second: b.to_owned(), words }
}

fn said(matcher: &Matcher, text: &str) -> String {
    match matcher.text_matches(text) {
        Match::Yes { why } => why,
        Match::Excluded { by } => format!("excluded by {by}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn words_near_each_other_match_in_either_order() {
    let matcher = only(&BrandTerms { near: vec![near("acme", "total outage", 3)], ..BrandTerms::default() });
    let why = "“acme” within 3 words of “total outage”";
    for text in [
        "acme total outage",
        "ACME has a TOTAL-outage",
        "total outage, a day long, acme",
        "acme: one two three total outage",
        "acme acme x y z w total outage near acme",
    ] {
        assert_eq!(said(&matcher, text), why, "{text}");
    }
    for text in ["acme", "total outage", "acme one two three four total outage", "acme outage total", "acmes total outage"] {
        assert_eq!(said(&matcher, text), "No", "{text}");
    }
}

#[test]
fn one_word_cannot_be_near_itself() {
    let matcher = only(&BrandTerms { near: vec![near("acme cloud", "cloud", 5)], ..BrandTerms::default() });
    assert_eq!(said(&matcher, "acme cloud"), "No");
    assert_eq!(said(&matcher, "acme cloud, a cloud"), "“acme cloud” within 5 words of “cloud”");
}

#[test]
fn words_of_a_namesake_near_the_name_exclude_it() {
    let terms = BrandTerms { names: strings(&["Acme"]), exclude_near: vec![near("acme", "anvil", 4)], ..BrandTerms::default() };
    let matcher = only(&terms);
    assert_eq!(said(&matcher, "the anvil from Acme broke"), "excluded by “acme” within 4 words of “anvil”");
    assert_eq!(said(&matcher, "Acme is down. I shall sit here and wait on my anvil"), "names “Acme”");
}

#[test]
fn links_match_by_their_domain_and_those_below_it() {
    let terms = BrandTerms {
        links: strings(&["acme.example", "Straße.example"]),
        exclude_links: strings(&["jobs.acme.example"]),
        ..BrandTerms::default()
    };
    let matcher = only(&terms);
    for (text, domain) in [
        ("look https://acme.example/pricing?x=1", "acme.example"),
        ("http://status.ACME.example:8080", "acme.example"),
        ("(www.acme.example)", "acme.example"),
        ("see status.acme.example/incident, please", "acme.example"),
        ("https://www.strasse.example", "Straße.example"),
    ] {
        assert_eq!(said(&matcher, text), format!("links to {domain}"), "{text}");
    }
    for text in ["https://not-acme.example/", "https://acme.example.evil.example/", "mo@acme.example", "acme. example", "xacme.example/"] {
        assert_eq!(said(&matcher, text), "No", "{text}");
    }
    assert_eq!(said(&matcher, "https://jobs.acme.example/ and https://acme.example/"), "excluded by links to jobs.acme.example");
}

#[test]
fn a_quoted_post_of_the_brand_matches() {
    let terms = BrandTerms {
        handles: strings(&["acme", "acme.bsky.example"]),
        own_accounts: strings(&["team@ruby.example"]),
        ..BrandTerms::default()
    };
    let matcher = only(&terms);
    for (text, account) in [
        ("this again https://x.com/Acme/status/12345", "acme"),
        ("RE: https://ruby.example/@team/1150", "team@ruby.example"),
        ("https://other.example/@team@ruby.example/1150", "team@ruby.example"),
        ("https://bsky.app/profile/acme.bsky.example/post/3k", "acme.bsky.example"),
        ("https://ruby.example/users/team/statuses/7", "team@ruby.example"),
    ] {
        assert_eq!(said(&matcher, text), format!("quotes a post of @{account}"), "{text}");
    }
    for text in [
        "https://x.com/acmefan/status/1",
        "https://other.example/users/team/statuses/7",
        "https://shop.example/acme/shoes",
        "https://x.com/acme",
    ] {
        assert_eq!(said(&matcher, text), "No", "{text}");
    }
}

#[test]
fn senseless_rules_are_refused_in_words() {
    let refused = |terms: BrandTerms| Matcher::new(&terms).expect_err("senseless").to_string();
    let rule = |rule: NearRule| refused(BrandTerms { near: vec![rule], ..BrandTerms::default() });
    assert!(rule(near("acme", "Acme ", 5)).contains("the same words twice"));
    assert!(rule(near("acme", "outage", 0)).contains("1 to 50"));
    assert!(rule(near("acme", "outage", 51)).contains("1 to 50"));
    assert!(rule(near("acme", "!!", 5)).contains("no letters"));
    for bad in ["acme", "https://acme.example/", "acme.example/path", "a b.example", ".example", ""] {
        let error = refused(BrandTerms { links: strings(&[bad]), ..BrandTerms::default() });
        assert!(error.contains("domain"), "{bad}: {error}");
    }
}

#[test]
fn one_pass_is_enough_for_a_long_text_and_many_terms() {
    let names: Vec<String> = (0..50).map(|n| format!("{} {n}", ["a"; 40].join(" "))).collect();
    let near = (0..50).map(|n| near("a a", &format!("word{n}"), 50)).collect();
    let matcher = Matcher::new(&BrandTerms { names, near, ..BrandTerms::default() }).expect("good terms");
    assert_eq!(matcher.text_matches(&"a ".repeat(32 * 1024)), Match::No);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matching_looks_past_case_accents_and_surrounding_signs(
        name in "[a-zéüñß]{2,8}( [a-zåç]{2,6})?", before in "[ .,(«\"—\n]{0,3}", after in "[ .,!?»)\n…]{0,3}",
        gap in "[ \u{a0}\n-]{1,3}",
    ) {
        let matcher = Matcher::new(&BrandTerms { names: vec![name.clone()], ..BrandTerms::default() }).expect("good terms");
        let plain = name.replace(' ', &gap);
        let bare: String = plain.chars().map(|c| match c { 'é' => 'e', 'ü' => 'u', 'ñ' => 'n', 'å' => 'a', 'ç' => 'c', c => c }).collect();
        for form in [plain.clone(), plain.to_uppercase(), bare] {
            let text = format!("x{before} {form}{after}");
            let found = matches!(matcher.text_matches(&text), Match::Yes { .. });
            prop_assert!(found, "{} in {:?}", name, text);
        }
    }

    #[test]
    fn a_name_is_never_found_inside_a_longer_word(name in "[a-zà-öø-ÿ]{2,8}", more in "[a-z0-9_é]{0,4}[a-z0-9é]") {
        let matcher = Matcher::new(&BrandTerms { names: vec![name.clone()], ..BrandTerms::default() }).expect("good terms");
        for text in [format!("x {name}{more}"), format!("{more}{name} x"), format!("#{name}{more}"), format!("{more}{name}{more}")] {
            prop_assert_eq!(matcher.text_matches(&text), Match::No, "{}", text);
        }
    }

    #[test]
    fn any_text_and_any_terms_give_an_answer(text in any::<String>(), name in any::<String>(), tag in any::<String>()) {
        let near = vec![near(&name, &tag, 7)];
        let terms = BrandTerms { names: vec![name.clone()], hashtags: vec![tag.clone()], exclude_near: near, exclude: vec![tag], ..BrandTerms::default() };
        if let Ok(matcher) = Matcher::new(&terms) {
            matcher.text_matches(&text);
        }
    }
}

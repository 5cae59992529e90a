//! What each kind of channel gets, checked by its vendor's rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ebb::alert::mail::MailError;
use ebb::alert::sheet::Sheet;
use ebb::alert::{Mail, Tls};
use ebb::domain::alert::{Alert, MessageState, Phase, Repeat, Urgency};
use ring::hmac;
use serde_json::Value;

use super::fakes::{Hook, MailServer, Request, Say};
use super::{Office, SIGNING, alert};

const LINK: &str = "https://ebb.acme.example/incidents/9";

/// Sends one message of these alerts over a channel whose address is `{hook}` in its text.
async fn sent(channel: &str, alerts: &[Alert], status: u16) -> Request {
    let mut hook = Hook::start(&[Say::Status(status)]).await;
    let office = Office::with(&channel.replace("{hook}", &hook.url)).await;
    office.tell(alerts).await;
    let secrets = [("HOOK", format!("{}/hooks/s3cret", hook.url)), ("KEY", "k".repeat(32)), ("SIGNING", SIGNING.to_owned())];
    let secrets = secrets.each_ref().map(|(k, v)| (*k, v.as_str()));
    let round = office.worker("one", &secrets).tick().await.expect("a round");
    assert_eq!((round.sent, round.again, round.given_up), (1, 0, 0), "{channel}");
    let request = hook.next().await;
    assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", "application/json"));
    assert!(hook.rest().is_empty(), "one message is one request");
    assert_eq!(office.store().messages(None, None, 9).await.expect("messages")[0].state, MessageState::Sent);
    office.close().await;
    request
}

fn chars(value: &Value) -> usize {
    value.as_str().expect("a text").chars().count()
}

/// All texts of a JSON value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(s) => found.push(s.clone()),
        Value::Array(items) => items.iter().for_each(|v| texts(v, found)),
        Value::Object(map) => map.values().for_each(|v| texts(v, found)),
        _ => {}
    }
}

fn all_texts(value: &Value) -> String {
    let mut found = Vec::new();
    texts(value, &mut found);
    found.join("\n")
}

fn many(n: usize) -> Vec<Alert> {
    (0..n).map(|i| alert(&format!("k{i}"))).collect()
}

#[tokio::test]
async fn slack_gets_blocks_in_which_text_is_plain_and_within_its_limits() {
    for alerts in [many(1), many(30)] {
        let request = sent("kind = \"slack\"\nurl = { env = \"HOOK\" }", &alerts, 200).await;
        assert_eq!(request.uri.path(), "/hooks/s3cret");
        let body = request.json();
        let blocks = body["blocks"].as_array().expect("blocks");
        assert!(blocks.len() <= 50, "{}", blocks.len());
        assert!(blocks[0]["type"] == "header" && chars(&blocks[0]["text"]["text"]) <= 150);
        for block in blocks {
            for text in [&block["text"]].into_iter().chain(block["fields"].as_array().into_iter().flatten()).filter(|t| !t.is_null()) {
                assert_eq!(text["type"], "plain_text", "{block}");
                assert!(chars(&text["text"]) <= 3_000);
            }
            for element in block["elements"].as_array().into_iter().flatten().filter(|e| e["type"] == "mrkdwn") {
                assert_eq!(element["text"], format!("<{LINK}|Open in Ebb>"));
            }
        }
        let fallback = body["text"].as_str().expect("a fallback");
        assert!(fallback.contains("&lt;!channel&gt;") && !fallback.contains('<'), "{fallback}");
        assert_eq!((&body["mrkdwn"], &body["unfurl_links"]), (&Value::Bool(false), &Value::Bool(false)));
    }
}

#[tokio::test]
async fn teams_gets_an_adaptive_card_of_text_runs_below_28_kb() {
    for alerts in [many(1), many(30)] {
        let request = sent("kind = \"teams\"\nurl = { env = \"HOOK\" }", &alerts, 202).await;
        assert!(request.text.len() <= 28 * 1024);
        let body = request.json();
        let attachment = &body["attachments"][0];
        assert_eq!(
            (body["type"].as_str(), attachment["contentType"].as_str()),
            (Some("message"), Some("application/vnd.microsoft.card.adaptive"))
        );
        let card = &attachment["content"];
        assert_eq!((card["type"].as_str(), card["version"].as_str()), (Some("AdaptiveCard"), Some("1.4")));
        assert!(card["msteams"]["entities"].is_null(), "nobody is called");
        for item in card["body"].as_array().expect("a body") {
            assert_eq!((&item["type"], &item["inlines"][0]["type"]), (&Value::from("RichTextBlock"), &Value::from("TextRun")));
        }
        assert_eq!(card["actions"][0]["url"], LINK);
    }
}

#[tokio::test]
async fn discord_gets_embeds_that_call_nobody_and_stay_below_6000_signs() {
    for alerts in [many(1), many(30)] {
        let request = sent("kind = \"discord\"\nurl = { env = \"HOOK\" }", &alerts, 204).await;
        let body = request.json();
        assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
        let embeds = body["embeds"].as_array().expect("embeds");
        assert!((1..=10).contains(&embeds.len()));
        let mut all = 0;
        for embed in embeds {
            assert!(chars(&embed["title"]) <= 256 && chars(&embed["description"]) <= 4_096);
            all += chars(&embed["title"]) + chars(&embed["description"]);
            for field in embed["fields"].as_array().expect("fields") {
                all += chars(&field["name"]) + chars(&field["value"]);
            }
            assert!(embed["description"].as_str().is_some_and(|d| d.ends_with(&format!("<{LINK}>"))), "{embed}");
            assert!(embed["color"].is_u64());
        }
        assert!(all <= 6_000, "{all}");
        let text = all_texts(&body);
        assert!(!text.contains("@everyone") && text.contains("\\*\\*b\\*\\*"), "{text}");
    }
}

#[tokio::test]
async fn mattermost_gets_attachments_whose_markdown_is_escaped() {
    for alerts in [many(1), many(30)] {
        let request = sent("kind = \"mattermost\"\nurl = { env = \"HOOK\" }", &alerts, 200).await;
        assert!(request.text.chars().count() <= 16_383);
        let body = request.json();
        let first = &body["attachments"][0];
        assert_eq!(first["title_link"], LINK);
        assert!(first["color"].as_str().is_some_and(|c| c.starts_with('#') && c.len() == 7));
        let text = all_texts(&body);
        assert!(!text.contains("@everyone") && !text.contains("](https://evil"), "{text}");
    }
}

#[tokio::test]
async fn pagerduty_joins_what_is_on_one_subject_and_closes_what_is_over() {
    let channel = "kind = \"pagerduty\"\nurl = \"{hook}/v2/enqueue\"\ntoken = { env = \"KEY\" }";
    let request = sent(channel, &[alert("a")], 202).await;
    assert_eq!(request.uri.path(), "/v2/enqueue");
    let body = request.json();
    assert_eq!((body["event_action"].as_str(), body["dedup_key"].as_str()), (Some("trigger"), Some("ebb:incident:9")));
    assert_eq!(chars(&body["routing_key"]), 32);
    let payload = &body["payload"];
    assert!(chars(&payload["summary"]) <= 1_024 && payload["severity"] == "warning" && payload["source"] == "Acme Cloud");
    assert_eq!(body["links"][0]["href"], LINK);
    let over = Alert { phase: Phase::Ended, urgency: Urgency::Info, ..alert("b") };
    let body = sent(channel, &[over], 202).await.json();
    assert_eq!((body["event_action"].as_str(), body["dedup_key"].as_str()), (Some("resolve"), Some("ebb:incident:9")));
}

#[tokio::test]
async fn opsgenie_gets_an_alert_within_its_limits_and_closes_it_by_its_alias() {
    let channel = "kind = \"opsgenie\"\nurl = \"{hook}/v2/alerts\"\ntoken = { env = \"KEY\" }";
    let request = sent(channel, &many(30), 202).await;
    assert_eq!((request.uri.path(), request.header("authorization")), ("/v2/alerts", format!("GenieKey {}", "k".repeat(32)).as_str()));
    let body = request.json();
    assert!(chars(&body["message"]) <= 130 && chars(&body["alias"]) <= 512 && chars(&body["description"]) <= 15_000);
    assert!(body["tags"].as_array().is_some_and(|t| t.len() <= 20) && body["details"].to_string().len() <= 8_000);
    assert_eq!(body["priority"], "P3");
    let request = sent(channel, &[Alert { phase: Phase::Ended, ..alert("b") }], 202).await;
    assert_eq!(request.uri.to_string(), "/v2/alerts/ebb:incident:9/close?identifierType=alias");
}

#[tokio::test]
async fn a_webhook_is_signed_as_standard_webhooks_says() {
    let request = sent("kind = \"webhook\"\nurl = \"{hook}/in\"\ntoken = { env = \"SIGNING\" }", &[alert("a")], 204).await;
    let key = STANDARD.decode(SIGNING.trim_start_matches("whsec_")).expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signature = request.header("webhook-signature").strip_prefix("v1,").expect("version 1");
    let signed = format!("{id}.{at}.{}", request.text);
    hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(signature).expect("base64")).expect("the signature fits");
    assert!(id.starts_with("msg_") && at.parse::<i64>().is_ok_and(|s| s * 1000 >= super::NOON.get()));
    let body = request.json();
    assert_eq!((body["type"].as_str(), body["data"]["message"].as_str()), (Some("ebb.alert.verdict"), Some(id)));
    assert_eq!(body["data"]["alerts"][0]["url"], LINK);
    assert_eq!(body["data"]["alerts"][0]["incident"]["kind"], "service");
}

fn mail_channel(server: &MailServer) -> String {
    format!(
        "kind = \"email\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Ebb <ebb@acme.example>\"\nto = [\"pr@acme.example\", \"Lead <lead@acme.example>\"]",
        server.port
    )
}

#[tokio::test]
async fn e_mail_carries_text_and_html_and_keeps_its_id_when_it_is_sent_again() {
    let mut server = MailServer::start(&["451 4.7.1 greylisted, come back\r\n"]).await;
    let office = Office::with(&mail_channel(&server)).await;
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &[]);
    let round = worker.tick().await.expect("a round");
    assert_eq!((round.sent, round.again), (0, 1));
    let waiting = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert!(waiting.last_error.as_deref().is_some_and(|e| e.contains("greylisted")), "{waiting:?}");
    office.clock.advance(20_000);
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    let letter = server.next().await;
    assert_eq!(letter.to.len(), 2);
    assert!(letter.from.contains("<ebb@acme.example>"), "{}", letter.from);
    let header = |name: &str| letter.data.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_owned();
    assert_eq!(header("Message-ID:"), format!("Message-ID: <{}@acme.example>", waiting.name()));
    assert_eq!(header("Auto-Submitted:"), "Auto-Submitted: auto-generated");
    assert!(header("Subject:").starts_with("Subject: [Ebb] ") || header("Subject:").contains("=?utf-8?"), "{}", letter.data);
    assert!(letter.data.contains("multipart/alternative") && letter.data.contains("text/plain") && letter.data.contains("text/html"));
    let html = letter.data.split("text/html").nth(1).expect("a part of HTML").replace("=\n", "");
    assert!(html.contains("&lt;at&gt;all&lt;/at&gt;") && !html.contains("<at>"), "HTML of people is text: {html}");
    assert!(letter.data.lines().all(|l| l.len() <= 998), "no line is longer than SMTP allows");
    office.close().await;
}

#[tokio::test]
async fn a_mail_server_that_refuses_for_good_is_not_asked_again() {
    let server = MailServer::start(&["550 5.7.1 not from you\r\n"]).await;
    let office = Office::with(&mail_channel(&server)).await;
    office.tell(&[alert("a")]).await;
    let round = office.worker("one", &[]).tick().await.expect("a round");
    assert_eq!(round.given_up, 1);
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert!(message.last_error.as_deref().is_some_and(|e| e.contains("not from you")), "{message:?}");
    office.close().await;
}

/// Every kind that is reached over HTTP.
const OVER_HTTP: [(&str, &str); 7] = [
    ("slack", "url = { env = \"HOOK\" }"),
    ("teams", "url = { env = \"HOOK\" }"),
    ("discord", "url = { env = \"HOOK\" }"),
    ("mattermost", "url = { env = \"HOOK\" }"),
    ("pagerduty", "url = \"{hook}/v2/enqueue\"\ntoken = { env = \"KEY\" }"),
    ("opsgenie", "url = \"{hook}/v2/alerts\"\ntoken = { env = \"KEY\" }"),
    ("webhook", "url = \"{hook}/in\"\ntoken = { env = \"SIGNING\" }"),
];

/// Against a service that throttles, stalls, fails, and then takes it.
async fn hold_out(kind: &str, rest: &str) {
    let mut hook = Hook::start(&[Say::RetryAfter(429, 40), Say::Stall, Say::Status(500)]).await;
    let office = Office::with(&format!("kind = \"{kind}\"\n{}", rest.replace("{hook}", &hook.url))).await;
    office.tell(&[alert("a")]).await;
    let secrets = [("HOOK", format!("{}/hooks/s3cret", hook.url)), ("KEY", "k".repeat(32)), ("SIGNING", SIGNING.to_owned())];
    let secrets = secrets.each_ref().map(|(k, v)| (*k, v.as_str()));
    let mut worker = office.worker("one", &secrets);
    let mut errors = Vec::new();
    for _ in 0..3 {
        assert_eq!(worker.tick().await.expect("a round").again, 1, "{kind}: {errors:?}");
        let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
        let (waits, error) = (message.due_at.since(office.clock.now()), message.last_error.unwrap_or_default());
        assert!(!error.contains("s3cret") && !error.contains("kkkk"), "{kind}: {error}");
        errors.push((waits, error));
        office.clock.advance(waits);
    }
    assert!(errors[0].1.contains("429") && errors[1].1.contains("no answer") && errors[2].1.contains("500"), "{kind}: {errors:?}");
    assert!(errors[0].0 >= 40_000, "{kind}: not before it was asked to: {errors:?}");
    assert_eq!(worker.tick().await.expect("a round").sent, 1, "{kind}");
    let message = office.store().messages(None, None, 1).await.expect("messages").remove(0);
    assert_eq!((message.state, message.attempts, message.repeat), (MessageState::Sent, 4, Repeat::Possible), "{kind}");
    let bodies: Vec<String> = hook.rest().into_iter().map(|r| r.text).collect();
    assert_eq!((bodies.len(), &bodies[0]), (4, &bodies[1]), "{kind}: the same words until one may have arrived");
    office.close().await;
}

#[tokio::test]
async fn every_channel_holds_out_against_a_service_that_fails_throttles_and_stalls() {
    futures_util::future::join_all(OVER_HTTP.map(|(kind, rest)| hold_out(kind, rest))).await;
    let named = OVER_HTTP.map(|(kind, _)| kind).into_iter().chain(["email"]).map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let known = ebb::domain::alert::ChannelKind::ALL.iter().map(|k| k.as_str().to_owned()).collect();
    assert_eq!(named, known, "a new kind belongs here");
}

#[tokio::test]
async fn a_mail_server_that_is_busy_or_throttles_is_asked_again() {
    let script = ["421 4.3.2 shutting down\r\n", "450 4.2.1 rate limit, try later\r\n", "452 4.3.1 out of storage\r\n"];
    let mut server = MailServer::start(&script).await;
    let office = Office::with(&mail_channel(&server)).await;
    office.tell(&[alert("a")]).await;
    let mut worker = office.worker("one", &[]);
    for words in ["shutting down", "rate limit", "out of storage"] {
        assert_eq!(worker.tick().await.expect("a round").again, 1, "{words}");
        let waiting = office.store().messages(None, None, 1).await.expect("messages").remove(0);
        assert!(waiting.last_error.as_deref().is_some_and(|e| e.contains(words)), "{waiting:?}");
        office.clock.advance(waiting.due_at.since(office.clock.now()));
    }
    assert_eq!(worker.tick().await.expect("a round").sent, 1);
    assert!(server.next().await.data.contains("Subject:"));
    office.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_mail_server_that_stalls_is_left_and_the_letter_may_have_arrived() {
    let server = MailServer::start(&[""]).await;
    let mailbox = |text: &str| ebb::alert::target::mailbox(text).expect("an address");
    let mail = Mail {
        server: "127.0.0.1".to_owned(),
        port: server.port,
        tls: Tls::None,
        login: None,
        from: mailbox("ebb@acme.example"),
        to: vec![mailbox("pr@acme.example")],
    };
    let sheet = Sheet {
        name: "msg_1".to_owned(),
        subject: "incident:9".to_owned(),
        brand: "Acme Cloud".to_owned(),
        title: "Sign-in fails".to_owned(),
        urgency: Urgency::Info,
        phase: Phase::Raised,
        at: super::NOON,
        parts: Vec::new(),
        note: String::new(),
        kind: "test",
    };
    let left = ebb::alert::mail::send(&mail, &sheet, &[], None, super::NOON).await;
    assert!(matches!(left, Err(MailError::Later { repeat: Repeat::Possible, .. })), "{left:?}");
}

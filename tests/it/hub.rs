//! Models from a hub that stalls, breaks off, forgets where it was and lies.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use ebb::domain::sentiment::Label;
use ebb::hub::shelf::Said;
use ebb::hub::{Hub, HubError, RepoId, Shelf};
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How a hub gives its large file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    /// Each answer ends after so many bytes, without an error.
    BreaksOff(usize),
    /// Sends some bytes, then nothing more, on the first answer only.
    StallsOnce(usize),
    /// Begins at the first byte whatever was asked, and breaks off once in the middle.
    IgnoresRanges,
    /// Sends other bytes than it announced.
    Lies,
    /// Sends more than it announced.
    Overflows,
}

#[derive(Clone)]
struct FakeHub {
    manner: Manner,
    network: Bytes,
    answers: Arc<AtomicUsize>,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
    tokens: Arc<Mutex<Vec<Option<String>>>>,
}

const CONFIG: &str = r#"{"architectures":["BertForSequenceClassification"],"id2label":{"0":"NEG","1":"NEU","2":"POS"}}"#;

impl FakeHub {
    /// Starts one and returns it with its address; it ends with the returned tasks.
    async fn start(manner: Manner) -> (Self, String, JoinSet<()>) {
        let network: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let hub = Self { manner, network: network.into(), answers: Arc::default(), ranges: Arc::default(), tokens: Arc::default() };
        let router = Router::new()
            .route("/api/models/acme/tone/revision/main", get(|| async { Json(serde_json::json!({ "sha": COMMIT })) }))
            .route("/api/models/acme/tone/tree/{commit}", get(tree))
            .route("/acme/tone/resolve/{commit}/{*path}", get(resolve))
            .with_state(hub.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        (hub, address, tasks)
    }
}

async fn tree(State(hub): State<FakeHub>) -> Json<serde_json::Value> {
    let sha256 = Sha256::digest(&hub.network).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
    Json(serde_json::json!([
        {"type": "directory", "path": "onnx", "size": 0, "oid": "0"},
        // Git's names of these two texts, as `git hash-object` gives them.
        {"type": "file", "path": "config.json", "size": CONFIG.len(), "oid": "54b72d6fbe89cb91c797ed49c38914202586de7c"},
        {"type": "file", "path": "tokenizer.json", "size": 2, "oid": "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
        {"type": "file", "path": "onnx/model.onnx", "size": 135, "oid": "1", "lfs": {"oid": sha256, "size": hub.network.len()}},
    ]))
}

async fn resolve(State(hub): State<FakeHub>, Path((commit, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    assert_eq!(commit, COMMIT, "files are asked for at one commit");
    let header = |name: &str| headers.get(name).map(|v| v.to_str().expect("text").to_owned());
    hub.tokens.lock().expect("a lock").push(header("authorization"));
    match path.as_str() {
        "config.json" => CONFIG.into_response(),
        "tokenizer.json" => "{}".into_response(),
        "onnx/model.onnx" => {
            let range = header("range");
            hub.ranges.lock().expect("a lock").push(range.clone());
            network(&hub, range.as_deref(), hub.answers.fetch_add(1, Ordering::Relaxed))
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn network(hub: &FakeHub, range: Option<&str>, nth: usize) -> Response {
    let asked: usize = range.and_then(|r| r.strip_prefix("bytes=")?.trim_end_matches('-').parse().ok()).unwrap_or(0);
    let from = if hub.manner == Manner::IgnoresRanges { 0 } else { asked };
    let rest = hub.network.slice(from..);
    let body = match hub.manner {
        Manner::BreaksOff(most) => Body::from(rest.slice(..rest.len().min(most))),
        Manner::StallsOnce(most) if nth == 0 => {
            Body::from_stream(stream::iter([Ok::<_, std::io::Error>(rest.slice(..most))]).chain(stream::pending()))
        }
        Manner::IgnoresRanges if nth == 0 => Body::from(rest.slice(..rest.len() / 2)),
        Manner::Honest | Manner::StallsOnce(_) | Manner::IgnoresRanges => Body::from(rest),
        Manner::Lies => Body::from(rest.iter().map(|b| b ^ 1).collect::<Vec<u8>>()),
        Manner::Overflows => Body::from([rest.as_ref(), b"more"].concat()),
    };
    if from == 0 {
        return body.into_response();
    }
    let whole = hub.network.len();
    (StatusCode::PARTIAL_CONTENT, [("content-range", format!("bytes {from}-{}/{whole}", whole - 1))], body).into_response()
}

struct Pulled {
    hub: FakeHub,
    shelf: Shelf,
    folder: tempfile::TempDir,
    result: Result<(), HubError>,
    /// Bytes that were told as progress last, and the total.
    progress: (u64, u64),
}

async fn pull(manner: Manner) -> Pulled {
    let (hub, address, _tasks) = FakeHub::start(manner).await;
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::new(folder.path());
    // Short only where a stall is waited for: a busy machine must not look like one.
    let silence = Duration::from_millis(if matches!(manner, Manner::StallsOnce(_)) { 300 } else { 20_000 });
    let client = Hub::new(&address, Some("hf_made_up".to_owned())).expect("a client").with_read_timeout(silence);
    let repo: RepoId = "acme/tone".parse().expect("a name");
    let mut progress = (0, 0);
    let result = shelf.pull(&client, &repo, &Said::default(), |have, total| progress = (have, total)).await.map(|_| ());
    Pulled { hub, shelf, folder, result, progress }
}

fn is_whole(pulled: &Pulled) {
    pulled.result.as_ref().expect("pulled");
    let models = pulled.shelf.list().expect("a list");
    assert_eq!(models.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["acme--tone"]);
    assert_eq!(std::fs::read(models[0].folder.join("model.onnx")).expect("a network"), pulled.hub.network);
    assert_eq!(pulled.progress.0, pulled.progress.1);
}

#[tokio::test]
async fn a_model_is_fetched_proved_and_listed_with_what_its_classes_mean() {
    let pulled = pull(Manner::Honest).await;
    is_whole(&pulled);
    assert!(pulled.hub.tokens.lock().expect("a lock").iter().all(|t| t.as_deref() == Some("Bearer hf_made_up")));
    let settings = std::fs::read(pulled.folder.path().join("acme--tone/settings.json")).expect("settings");
    let settings: serde_json::Value = serde_json::from_slice(&settings).expect("JSON");
    assert_eq!(settings["labels"], serde_json::json!(["negative", "neutral", "positive"]));
    assert_eq!((&settings["languages"], &settings["version"]), (&serde_json::json!(["*"]), &serde_json::json!("0123456789ab")));
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let pulled = pull(Manner::BreaksOff(300_000)).await;
    is_whole(&pulled);
    let ranges = pulled.hub.ranges.lock().expect("a lock").clone();
    assert_eq!(ranges, [None, Some("bytes=300000-".to_owned()), Some("bytes=600000-".to_owned())]);
}

#[tokio::test]
async fn a_download_that_stalls_is_given_up_and_resumed() {
    let pulled = pull(Manner::StallsOnce(1_000)).await;
    is_whole(&pulled);
    assert!(pulled.hub.answers.load(Ordering::Relaxed) >= 2);
}

#[tokio::test]
async fn a_server_that_cannot_resume_is_read_from_the_beginning() {
    is_whole(&pull(Manner::IgnoresRanges).await);
}

#[tokio::test]
async fn a_server_that_never_moves_is_left() {
    let pulled = pull(Manner::BreaksOff(0)).await;
    let error = pulled.result.as_ref().expect_err("given up").to_string();
    assert!(error.contains("it ended after 0 of 800000 bytes"), "{error}");
    assert_eq!(pulled.hub.answers.load(Ordering::Relaxed), 3);
    assert!(pulled.shelf.list().expect("a list").is_empty());
}

#[tokio::test]
async fn bytes_that_were_not_announced_are_thrown_away() {
    for manner in [Manner::Lies, Manner::Overflows] {
        let pulled = pull(manner).await;
        assert!(matches!(pulled.result, Err(HubError::Checksum { .. })), "{manner:?}: {:?}", pulled.result);
        assert!(pulled.shelf.list().expect("a list").is_empty());
        assert!(!pulled.folder.path().join("acme--tone.part/model.onnx").exists(), "{manner:?}");
    }
}

#[tokio::test]
async fn models_are_chosen_and_removed_and_unknown_ones_are_named() {
    let pulled = pull(Manner::Honest).await;
    let shelf = &pulled.shelf;
    assert_eq!(shelf.in_use().expect("a choice"), None);
    shelf.choose(Some("acme/tone")).expect("chosen");
    assert_eq!(shelf.in_use().expect("a choice"), Some(pulled.folder.path().join("acme--tone")));
    let error = shelf.choose(Some("acme/tune")).expect_err("unknown").to_string();
    assert!(error.contains("acme/tune") && error.contains("bundled, acme--tone"), "{error}");
    assert!(shelf.remove("acme/tone").expect("removed").in_use);
    assert_eq!(shelf.in_use().expect("a choice"), None);
    shelf.choose(None).expect("the bundled one");
}

#[test]
fn a_model_in_a_folder_of_this_machine_scores() {
    let bundled = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/ebb-en");
    let from = tempfile::tempdir().expect("a folder");
    for file in ["model.onnx", "tokenizer.json"] {
        std::fs::copy(bundled.join(file), from.path().join(file)).expect("copied");
    }
    std::fs::write(from.path().join("config.json"), CONFIG).expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let model = Shelf::new(folder.path()).take(from.path(), "acme--tone", &Said::default()).expect("taken");
    let models = ebb::score::Models::with_folder(&model.folder, 1).expect("settings");
    let input = ebb::score::ScoreInput { text: "I hate this, it is the worst service ever.".to_owned(), lang: None };
    let scored = models.score(&[input]).expect("scored");
    assert_eq!((scored[0].label, scored[0].model.as_str()), (Label::Negative, "acme--tone@local"));
    assert!(scored[0].severity.get() <= 0.5, "a model without a severity of its own never says more than half");
}

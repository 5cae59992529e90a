//! The real program, killed with a message in its hands.

use std::path::Path;
use std::process::Stdio;

use ebb::clock::Clock;
use ebb::domain::alert::{Alert, MessageState, Repeat};
use ebb::store::Store;
use sqlx::AnyPool;
use tokio::process::{Child, Command};

use super::SIGNING;
use super::fakes::{Hook, Say};

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ebb"))
        .args(["run", "--config", "ebb.toml", "--database", "sqlite:ebb.db", "--only", "alert"])
        .current_dir(folder)
        .env("SIGNING", SIGNING)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_between_sending_and_marking_sends_again_under_the_same_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut hook = Hook::start(&[Say::Stall]).await;
    let config = format!("[[channel]]\nname = \"bot\"\nkind = \"webhook\"\nurl = \"{}/in\"\ntoken = {{ env = \"SIGNING\" }}\n", hook.url);
    std::fs::write(folder.path().join("ebb.toml"), config).expect("written");
    let url = format!("sqlite:{}", folder.path().join("ebb.db").display());
    let store = Store::open(&url, 1).await.expect("a database");
    let clock = Clock::system();
    store.post_now(&Alert::test("bot", 1, clock.now()), "bot", clock.now()).await.expect("written");

    let mut child = start(folder.path());
    let first = hook.next().await;
    child.kill().await.expect("SIGKILL");
    // As if the three minutes of the lease had passed.
    let rows = AnyPool::connect(&url).await.expect("a connection past the store");
    sqlx::query("update outbox set lease_until = 1").execute(&rows).await.expect("written");
    let mut child = start(folder.path());
    let second = hook.next().await;
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.text, second.text);
    let deadline = clock.now().plus(30_000);
    loop {
        let message = store.messages(None, None, 1).await.expect("messages").remove(0);
        if message.state == MessageState::Sent {
            assert_eq!((message.attempts, message.repeat), (2, Repeat::Possible));
            break;
        }
        assert!(clock.now() < deadline, "{message:?}");
        clock.sleep_ms(50).await;
    }
    child.kill().await.expect("SIGKILL");
    rows.close().await;
    store.close().await;
}

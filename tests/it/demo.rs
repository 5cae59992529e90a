//! The main job, as the README starts it: the demo runs from calm weeks to the verdict that it is over.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The address in the line that the program prints for a person.
fn address(line: &str) -> Option<&str> {
    let at = line.find("http://")?;
    line[at..].split_whitespace().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_ends_with_the_verdict_that_it_is_over() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_ebb"))
        .args(["demo", "--once", "--speed", "2", "--port", "0", "--no-browser"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(demo.stderr.take().expect("piped")).lines();
    let client = reqwest_client();
    let mut said = Vec::new();
    let mut page = None;
    while let Some(line) = lines.next_line().await.expect("text") {
        if page.is_none() {
            page = address(&line).map(str::to_owned);
        }
        // While it runs, the pages answer: each is asked at each change.
        if let Some(page) = &page {
            for path in ["/", "/people", "/mentions", "/sources", "/incidents", "/healthz"] {
                // The listener is gone once the demo has ended by itself.
                if let Ok(answer) = client.get(format!("{page}{path}")).send().await {
                    assert!(answer.status().is_success(), "{path}: {}", answer.status());
                }
            }
        }
        said.push(line);
    }
    let status = demo.wait().await.expect("a status");
    let text = said.join("\n");
    assert_eq!(status.code(), Some(0), "{text}");
    for word in ["Elevated", "Easing", "Holding", "Recovered"] {
        assert!(text.contains(word), "the verdict was never {word}:\n{text}");
    }
}

fn reqwest_client() -> reqwest::Client {
    // The pages speak plain HTTP; the crate is built without a default provider for TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

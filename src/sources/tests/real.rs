use super::{NOW, Poller};
use crate::domain::source::SourceKind;
use crate::domain::time::Millis;

#[tokio::test]
async fn real_isso() {
    let _ = NOW;
    let now = Millis::new(std::env::var("REAL_NOW").expect("now").parse().expect("ms"));
    let mut poller = Poller::new(SourceKind::Isso, serde_json::json!({"url": "http://127.0.0.1:8092", "site": "http://127.0.0.1:8091"}));
    let chain = poller.chain(now).await.expect("read");
    for p in &chain.posts {
        eprintln!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            p.key.native_id(),
            p.author.native_id,
            p.text,
            p.url,
            p.reply_to,
            p.created_at.to_rfc3339()
        );
    }
    eprintln!("covered {:?} pages {}", chain.covered, chain.pages);
    let keys: Vec<_> = chain.posts.iter().map(|p| p.key.clone()).collect();
    let got = poller.adapter.recheck(&poller.http, &keys, now).await.expect("read");
    eprintln!("recheck: present {} missing {} gone {}", got.present.len(), got.missing.len(), got.gone.len());
    let mut whole = Poller::new(SourceKind::Isso, serde_json::json!({"url": "http://127.0.0.1:8092", "pages": ["/acme/", "/none/"]}));
    let chain = whole.chain(now).await.expect("read");
    eprintln!("by pages: {:?}", chain.ids());
}

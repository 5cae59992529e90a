//! Files in the watched folder.

use std::path::PathBuf;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::world::{START, all_mentions, store_in};
use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::source::SourceKind;
use crate::ingest::folder::{Folder, Look};
use crate::store::Store;

const HEADER: &str = "platform,id,author,created_at,text\n";
const GOOD: &str = "forum,1,mo,2026-11-01T10:00:00Z,Acme is down\nforum,2,li,2026-11-01T11:00:00Z,still down\n";

struct Inbox {
    store: Store,
    folder: Folder,
    path: PathBuf,
    _home: TempDir,
}

impl Inbox {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let store = store_in(&home).await;
        store.save_brand("Acme", &BrandTerms::default(), START).await.expect("a brand");
        let path = home.path().join("inbox");
        std::fs::create_dir(&path).expect("a folder");
        let folder = Folder::new(store.clone(), Clock::manual(START), path.clone(), None);
        Self { store, folder, path, _home: home }
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path.join(name), text).expect("written");
    }

    async fn look(&mut self) -> Look {
        self.folder.look(&CancellationToken::new()).await.expect("the folder is read")
    }

    fn has(&self, name: &str) -> bool {
        self.path.join(name).symlink_metadata().is_ok()
    }

    async fn kept(&self) -> usize {
        let brand = self.store.brands().await.expect("brands")[0].id;
        all_mentions(&self.store, brand).await.len()
    }
}

#[tokio::test]
async fn a_file_that_rests_is_imported_once_and_put_aside() {
    let mut inbox = Inbox::new().await;
    inbox.put("a.csv", &format!("{HEADER}{GOOD}"));
    assert_eq!(inbox.look().await, Look { waiting: 1, ..Look::default() }, "it may still grow");
    let look = inbox.look().await;
    assert_eq!((look.imported.len(), look.imported[0].1.kept, inbox.kept().await), (1, 2, 2));
    assert!(inbox.has("done/a.csv") && !inbox.has("a.csv"));
    assert_eq!(inbox.look().await, Look::default());
    let sources = inbox.store.source_health().await.expect("sources");
    assert_eq!((sources[0].spec.name.as_str(), sources[0].spec.kind), ("folder: inbox (Acme)", SourceKind::Push));
}

#[tokio::test]
async fn a_file_that_grows_is_left_until_it_rests() {
    let mut inbox = Inbox::new().await;
    inbox.put("a.csv", HEADER);
    inbox.look().await;
    inbox.put("a.csv", &format!("{HEADER}{GOOD}"));
    assert_eq!(inbox.look().await.waiting, 1);
    assert_eq!(inbox.look().await.imported.len(), 1);
}

#[tokio::test]
async fn bad_rows_and_bad_files_are_explained_beside_them() {
    let mut inbox = Inbox::new().await;
    inbox.put("part.csv", &format!("{HEADER}{GOOD}forum,3,mo,yesterday,Acme\n"));
    inbox.put("none.jsonl", "{\"platform\":\"forum\"}\n");
    inbox.put("no.csv", "a,b\n1,2\n");
    inbox.put("empty.csv", "");
    inbox.look().await;
    let look = inbox.look().await;
    assert_eq!((look.imported.len(), look.refused.len(), inbox.kept().await), (2, 2, 2));
    for name in
        ["done/part.csv", "rejected/part.csv.rejects.csv", "rejected/none.jsonl", "rejected/none.jsonl.rejects.csv", "rejected/no.csv"]
    {
        assert!(inbox.has(name), "{name}");
    }
    let reason = std::fs::read_to_string(inbox.path.join("rejected/no.csv.reason.txt")).expect("a reason");
    assert!(reason.contains("the header lacks platform"), "{reason}");
}

#[tokio::test]
async fn a_second_file_of_a_name_does_not_replace_the_first() {
    let mut inbox = Inbox::new().await;
    for text in [GOOD, "forum,9,mo,2026-11-01T12:00:00Z,again\n"] {
        inbox.put("a.csv", &format!("{HEADER}{text}"));
        inbox.look().await;
        inbox.look().await;
    }
    assert!(inbox.has("done/a.csv") && inbox.has("done/a-2.csv"));
    assert_eq!(inbox.kept().await, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn links_folders_and_odd_names_are_not_touched() {
    let mut inbox = Inbox::new().await;
    let secret = inbox.path.parent().expect("a home").join("secret.csv");
    std::fs::write(&secret, format!("{HEADER}{GOOD}")).expect("written");
    std::os::unix::fs::symlink(&secret, inbox.path.join("link.csv")).expect("a link");
    std::fs::create_dir(inbox.path.join("folder.csv")).expect("a folder");
    inbox.put(".hidden.csv", GOOD);
    inbox.put("notes.txt", GOOD);
    inbox.look().await;
    assert_eq!(inbox.look().await, Look::default());
    assert!(inbox.has("link.csv") && inbox.has(".hidden.csv") && secret.exists());
    assert_eq!(inbox.kept().await, 0);
}

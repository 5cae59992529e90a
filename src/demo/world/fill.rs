//! Puts a place's part of the story on its shelf.

use std::collections::HashMap;
use std::sync::Arc;

use super::shelf::{Item, Visibility};
use super::site::{Board, Site};
use crate::demo::story::{Action, Moderation, Place, PostNo, Story, StoryPost, Thread};
use crate::domain::time::Millis;

/// Fills an empty place. Ids follow the story, so the same story gives the same ids.
pub(super) fn fill(site: &mut Site, story: &Story) {
    let mut filler = Filler { site, boards: HashMap::new(), ids: HashMap::new() };
    let here = filler.site.place;
    let mut threads = story.threads.iter().enumerate().filter(|(_, thread)| thread.place == here).peekable();
    for event in story.events.iter().filter(|event| event.place == here) {
        while let Some((no, thread)) = threads.next_if(|(_, thread)| thread.opened_at <= event.at) {
            filler.open(no, thread);
        }
        filler.apply(event.at, &event.action);
    }
    for (no, thread) in threads {
        filler.open(no, thread);
    }
}

struct Filler<'a> {
    site: &'a mut Site,
    /// Board of each of the story's threads.
    boards: HashMap<usize, u64>,
    /// Item of each of the story's posts.
    ids: HashMap<PostNo, u64>,
}

impl Filler<'_> {
    fn open(&mut self, no: usize, thread: &Thread) {
        let nth = self.boards.len() as u64;
        let id = match self.site.place {
            Place::Blog => 431 + 7 * nth,
            Place::Forum => 1_205 + 3 * nth,
            Place::Mastodon => return,
            Place::HackerNews => self.site.shelf.add(opener(thread)),
        };
        if self.site.place == Place::HackerNews {
            self.site.shelf.change(id, |item| item.thread = Some(id));
        } else if self.site.place == Place::Forum {
            self.site.shelf.add(Item { thread: Some(id), ..opener(thread) });
        }
        self.boards.insert(no, id);
        let board = Board {
            id,
            opened_at: thread.opened_at,
            title: thread.title.clone(),
            slug: thread.slug.clone(),
            body: thread.body.clone(),
            by: Arc::clone(&thread.by),
        };
        self.site.boards.insert(id, board);
    }

    fn apply(&mut self, at: Millis, action: &Action) {
        match action {
            Action::Post(post) => {
                let id = self.site.shelf.add(self.item(at, post));
                self.ids.insert(post.no, id);
            }
            Action::Edit { post, text } => self.change(*post, |item| item.texts.push((at, text.clone()))),
            Action::Delete { post } => self.change(*post, |item| item.deleted_at = Some(at)),
            Action::Approve { post } => self.change(*post, |item| item.visible_from = Some(at)),
        }
    }

    fn change(&self, post: PostNo, change: impl FnOnce(&mut Item)) {
        if let Some(id) = self.ids.get(&post) {
            self.site.shelf.change(*id, change);
        }
    }

    fn item(&self, at: Millis, post: &StoryPost) -> Item {
        Item {
            id: 0,
            created_at: at,
            visible_from: (post.moderation == Moderation::Open).then_some(at),
            texts: vec![(at, post.text.clone())],
            deleted_at: None,
            author: Arc::clone(&post.by),
            thread: post.thread.and_then(|no| self.boards.get(&no).copied()),
            reply_to: post.reply_to.and_then(|no| self.ids.get(&no).copied()),
            title: None,
            lang: post.lang.to_owned(),
            visibility: Visibility::Public,
            boost_of: None,
        }
    }
}

fn opener(thread: &Thread) -> Item {
    Item {
        id: 0,
        created_at: thread.opened_at,
        visible_from: Some(thread.opened_at),
        texts: vec![(thread.opened_at, thread.body.clone())],
        deleted_at: None,
        author: Arc::clone(&thread.by),
        thread: None,
        reply_to: None,
        title: Some(thread.title.clone()),
        lang: "en".to_owned(),
        visibility: Visibility::Public,
        boost_of: None,
    }
}

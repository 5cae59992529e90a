//! One row: named cells to a post, or a reason why not.

use crate::domain::post::{Engagement, Originality, Post, PostAuthor, PostKey, safe_link};
use crate::domain::text::{one_line, plain};
use crate::domain::time::Millis;

/// Longest cell but `text`, in bytes.
const MAX_CELL: usize = 2048;
/// Unknown names that are listed, and how much of each.
const MAX_UNKNOWN: usize = 20;
const MAX_UNKNOWN_CHARS: usize = 40;
/// Of a bad row, so many bytes are written down.
const MAX_RAW: usize = 4096;

/// What the reader sends.
#[derive(Debug)]
pub(super) struct Read {
    /// Bytes of the file that are behind us.
    pub bytes: u64,
    /// A row.
    pub row: Result<Row, Rejected>,
    /// Names that mean nothing here, seen for the first time.
    pub unknown: Vec<String>,
}

/// A good row.
#[derive(Debug)]
pub(super) struct Row {
    pub line: u64,
    pub brand: Option<String>,
    pub post: Post,
}

impl Row {
    /// A row that is well in itself, and cannot be kept all the same.
    pub(super) fn rejected(&self, reason: String) -> Rejected {
        let key = &self.post.key;
        Rejected::new(self.line, reason, format!("{},{}", key.platform(), key.native_id()).as_bytes())
    }
}

/// Collects names that mean nothing here, each once.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    seen: Vec<String>,
    told: usize,
}

impl Unknown {
    pub(super) fn note(&mut self, name: &str) {
        let name = one_line(name, MAX_UNKNOWN_CHARS);
        if self.seen.len() < MAX_UNKNOWN && !name.is_empty() && !self.seen.contains(&name) {
            self.seen.push(name);
        }
    }

    /// The names since the last call.
    pub(super) fn take(&mut self) -> Vec<String> {
        let news = self.seen.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.seen.len();
        news
    }
}

/// A bad row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    /// Where it begins in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// Its beginning, as far as it is text.
    pub raw: String,
}

impl Rejected {
    pub(super) fn new(line: u64, reason: impl Into<String>, raw: &[u8]) -> Self {
        Self { line, reason: reason.into(), raw: String::from_utf8_lossy(raw.get(..MAX_RAW).unwrap_or(raw)).into_owned() }
    }
}

macro_rules! columns {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What a row may say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Column { $($variant,)+ }

        impl Column {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

columns! {
    Platform = "platform",
    Id = "id",
    Author = "author",
    CreatedAt = "created_at",
    Text = "text",
    Instance = "instance",
    Url = "url",
    AuthorName = "author_name",
    Followers = "followers",
    ReplyTo = "reply_to",
    Likes = "likes",
    Reposts = "reposts",
    Replies = "replies",
    Lang = "lang",
    Brand = "brand",
}

impl Column {
    /// Those that every row must fill.
    pub(super) const NEEDED: [Self; 5] = [Self::Platform, Self::Id, Self::Author, Self::CreatedAt, Self::Text];

    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::ALL.iter().copied().find(|column| column.name() == name)
    }
}

/// The cells of one row, by column; empty where the file says nothing.
#[derive(Debug, Default)]
pub(super) struct Cells<'a>([&'a str; Column::ALL.len()]);

impl<'a> Cells<'a> {
    pub(super) fn set(&mut self, column: Column, value: &'a str) {
        if let Some(cell) = self.0.get_mut(column as usize) {
            *cell = value;
        }
    }

    fn text(&self) -> &'a str {
        self.0.get(Column::Text as usize).copied().unwrap_or_default()
    }

    /// A cell without the white space around it.
    fn get(&self, column: Column) -> Result<&'a str, String> {
        let cell = self.0.get(column as usize).copied().unwrap_or_default().trim();
        if cell.len() > MAX_CELL {
            return Err(format!("{}: longer than {MAX_CELL} bytes", column.name()));
        }
        Ok(cell)
    }

    fn needed(&self, column: Column) -> Result<&'a str, String> {
        let cell = self.get(column)?;
        if cell.is_empty() { Err(format!("{}: missing", column.name())) } else { Ok(cell) }
    }

    fn optional(&self, column: Column) -> Result<Option<&'a str>, String> {
        Ok(Some(self.get(column)?).filter(|cell| !cell.is_empty()))
    }

    fn count(&self, column: Column) -> Result<Option<i64>, String> {
        let Some(cell) = self.optional(column)? else { return Ok(None) };
        let count = cell.parse::<i64>().ok().filter(|n| *n >= 0);
        count.map(Some).ok_or_else(|| format!("{}: `{}` is no whole number from 0", column.name(), start_of(cell)))
    }

    /// Which post it is.
    pub(super) fn key(&self) -> Result<PostKey, String> {
        let platform = self.needed(Column::Platform)?.to_ascii_lowercase();
        PostKey::new(&platform, self.get(Column::Instance)?, self.needed(Column::Id)?).map_err(|e| e.to_string())
    }

    /// The post, and the name of its brand. `latest`: rows dated later are wrong.
    pub(super) fn post(&self, latest: Millis) -> Result<(Option<String>, Post), String> {
        let author = self.needed(Column::Author)?;
        let post = Post {
            key: self.key()?,
            author: PostAuthor {
                native_id: author.to_owned(),
                handle: author.trim_start_matches('@').to_owned(),
                name: self.get(Column::AuthorName)?.to_owned(),
                url: None,
                followers: self.count(Column::Followers)?,
                bot: false,
            },
            created_at: self.created_at(latest)?,
            edited_at: None,
            // Cleaned here already: it bounds what waits in memory.
            text: plain(self.text()),
            url: self.url()?,
            reply_to: self.optional(Column::ReplyTo)?.map(str::to_owned),
            lang: self.optional(Column::Lang)?.map(str::to_owned),
            engagement: Engagement {
                likes: self.count(Column::Likes)?.unwrap_or(0),
                reposts: self.count(Column::Reposts)?.unwrap_or(0),
                replies: self.count(Column::Replies)?.unwrap_or(0),
            },
            originality: Originality::Own,
            quoted: None,
        };
        if post.text.is_empty() {
            return Err("text: missing".to_owned());
        }
        Ok((self.optional(Column::Brand)?.map(str::to_owned), post))
    }

    fn created_at(&self, latest: Millis) -> Result<Millis, String> {
        let cell = self.needed(Column::CreatedAt)?;
        let at = Millis::parse_rfc3339(cell);
        let at = at.ok_or_else(|| format!("created_at: `{}` is no RFC 3339 time, such as 2026-11-20T09:30:00Z", start_of(cell)))?;
        if at > latest { Err(format!("created_at: {at} is in the future")) } else { Ok(at) }
    }

    fn url(&self) -> Result<Option<String>, String> {
        let Some(cell) = self.optional(Column::Url)? else { return Ok(None) };
        safe_link(cell).map(Some).ok_or_else(|| "url: no http or https address".to_owned())
    }
}

/// The beginning of a cell, for a message.
fn start_of(cell: &str) -> String {
    cell.chars().take(40).collect()
}

//! A web server and a mail server that write down what they get and answer by a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// One answer of the web server.
#[derive(Debug, Clone)]
pub enum Say {
    /// Takes it, with this status.
    Status(u16),
    /// Refuses it for this many seconds.
    RetryAfter(u16, u32),
    /// Refuses it with words.
    Words(u16, &'static str),
    /// Reads it and never answers.
    Stall,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub text: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<VecDeque<Say>>>,
    came: mpsc::UnboundedSender<Request>,
}

/// A web server on loopback; it stops when it is dropped.
pub struct Hook {
    pub url: String,
    came: mpsc::UnboundedReceiver<Request>,
    _task: JoinSet<()>,
}

impl Hook {
    /// Answers by `script`, then with 200.
    pub async fn start(script: &[Say]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, came) = mpsc::unbounded_channel();
        let shared = Shared { script: Arc::new(Mutex::new(script.iter().cloned().collect())), came: sender };
        let router = Router::new().fallback(take).with_state(shared);
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self { url, came, _task: task }
    }

    /// The next request that came, however long it takes.
    pub async fn next(&mut self) -> Request {
        self.came.recv().await.expect("a request")
    }

    /// What has come and was not looked at.
    pub fn rest(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.came.try_recv().ok()).collect()
    }
}

async fn take(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = String::from_utf8(body.to_vec()).expect("text");
    let _ = shared.came.send(Request { method, uri, headers, text });
    let say = shared.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let status = |n| StatusCode::from_u16(n).expect("a status");
    match say.unwrap_or(Say::Status(200)) {
        Say::Status(n) => (status(n), "ok").into_response(),
        Say::RetryAfter(n, seconds) => (status(n), [("retry-after", seconds.to_string())], "slower").into_response(),
        Say::Words(n, words) => (status(n), words).into_response(),
        Say::Stall => std::future::pending().await,
    }
}

/// A letter as it came.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// A mail server on loopback, without TLS; each element of the script is what it says to one `MAIL`, and empty: nothing ever.
pub struct MailServer {
    pub port: u16,
    came: mpsc::UnboundedReceiver<Letter>,
    _task: JoinSet<()>,
}

impl MailServer {
    pub async fn start(script: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, came) = mpsc::unbounded_channel();
        let script = Arc::new(Mutex::new(script.iter().copied().collect::<VecDeque<_>>()));
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One client after the other is enough for these tests.
                let _ = talk(stream, &script, &sender).await;
            }
        });
        Self { port, came, _task: task }
    }

    pub async fn next(&mut self) -> Letter {
        self.came.recv().await.expect("a letter")
    }
}

async fn talk(stream: TcpStream, script: &Mutex<VecDeque<&'static str>>, came: &mpsc::UnboundedSender<Letter>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut letter = Letter::default();
    write.write_all(b"220 mail.test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let command = line.to_ascii_uppercase();
        let answer = if command.starts_with("EHLO") {
            "250-mail.test\r\n250 8BITMIME\r\n"
        } else if command.starts_with("MAIL FROM:") {
            letter.from.clone_from(&line);
            script.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or("250 ok\r\n")
        } else if command.starts_with("RCPT TO:") {
            letter.to.push(line.clone());
            "250 ok\r\n"
        } else if command == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            while let Some(line) = lines.next_line().await? {
                if line == "." {
                    break;
                }
                letter.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                letter.data.push('\n');
            }
            let _ = came.send(std::mem::take(&mut letter));
            "250 taken\r\n"
        } else if command == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "250 ok\r\n"
        };
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

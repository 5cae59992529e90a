//! The web socket of the stream: opened, read with limits, and closed politely.
//!
//! Compressed messages are Zstandard frames made with a dictionary that Jetstream publishes
//! (`zstd_dictionary`, from `bluesky-social/jetstream`, MIT licence).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::HeaderMap;
use ruzstd::decoding::{Dictionary, FrameDecoder};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use super::super::PollError;
use super::super::http::{host_of, wish};
use super::super::meter;
use crate::domain::time::Millis;

const DICTIONARY: &[u8] = include_bytes!("zstd_dictionary");
/// Largest message, bytes, unpacked too: a post is at most a few thousand.
const MAX_MESSAGE: usize = 1024 * 1024;
const OPEN_WITHIN: Duration = Duration::from_secs(15);

/// An open stream.
pub(super) struct Socket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
    host: String,
    unpack: Option<Box<FrameDecoder>>,
}

/// What came.
pub(super) enum Read {
    Event(Value),
    /// Nothing for a while.
    Quiet,
}

impl Socket {
    pub(super) async fn open(mut url: Url, compress: bool, now: Millis) -> Result<Self, PollError> {
        let host = host_of(&url);
        let unpack = if compress {
            url.query_pairs_mut().append_pair("compress", "true");
            Some(Box::new(decoder(&host)?))
        } else {
            None
        };
        meter::count_request();
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let opened = timeout(OPEN_WITHIN, connect_async_with_config(url.as_str(), Some(config), true)).await;
        let opened = opened.map_err(|_| PollError::unavailable(&host, "it does not answer in time"))?;
        let (inner, _) = opened.map_err(|error| refused(&host, error, now))?;
        Ok(Self { inner, host, unpack })
    }

    /// The next event; what is none is passed over.
    pub(super) async fn next(&mut self, quiet: Duration) -> Result<Read, PollError> {
        let broken = |what: &str| PollError::unavailable(&self.host, what);
        loop {
            let Ok(message) = timeout(quiet, self.inner.next()).await else { return Ok(Read::Quiet) };
            let bytes = match message {
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(packed))) => match self.unpack.as_mut().map(|decoder| unpack(decoder, &packed)) {
                    Some(Some(bytes)) => bytes,
                    Some(None) => return Err(PollError::malformed(&self.host, "a compressed message cannot be unpacked")),
                    None => continue,
                },
                Some(Ok(Message::Close(_))) | None => return Err(broken("it closed the stream")),
                Some(Ok(_)) => continue,
                Some(Err(_)) => return Err(broken("the stream broke")),
            };
            // One strange message does not spoil the stream.
            if let Ok(event) = serde_json::from_slice(&bytes) {
                return Ok(Read::Event(event));
            }
        }
    }

    /// Says good-bye; whether it arrives does not matter.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.inner.send(Message::Close(None))).await;
    }
}

fn decoder(host: &str) -> Result<FrameDecoder, PollError> {
    let broken = || PollError::malformed(host, "the dictionary of its compression cannot be read");
    let mut decoder = FrameDecoder::new();
    let dictionary = Dictionary::decode_dict(DICTIONARY).map_err(|_| broken())?;
    decoder.add_dict(dictionary).map_err(|_| broken())?;
    Ok(decoder)
}

fn unpack(decoder: &mut FrameDecoder, packed: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(MAX_MESSAGE);
    decoder.decode_all_to_vec(packed, &mut out).ok()?;
    Some(out)
}

/// Why the stream was not opened.
fn refused(host: &str, error: Error, now: Millis) -> PollError {
    let Error::Http(answer) = error else {
        let what = match error {
            Error::Io(_) => "no connection can be made",
            Error::Tls(_) => "its certificate or encryption is not accepted",
            _ => "it is no stream",
        };
        return PollError::unavailable(host, what);
    };
    let status = answer.status().as_u16();
    let headers: HeaderMap = answer.headers().clone();
    let not_before = wish::wish(&headers, status, now);
    let host = host.to_owned();
    match status {
        429 => PollError::RateLimited { host, until: not_before.unwrap_or_default() },
        401 | 403 => PollError::Unauthorised { host, what: format!("this stream may not be read from here ({status})") },
        404 => PollError::NotFound { host },
        400..=499 => PollError::Refused { host, status },
        _ => PollError::Unavailable { host, what: format!("it answers with status {status}"), not_before },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_packed_with_the_dictionary_is_unpacked() {
        let packed = include_bytes!("../tests/jetstream_event.zst");
        let mut decoder = decoder("h").expect("a dictionary");
        for _ in 0..2 {
            let bytes = unpack(&mut decoder, packed).expect("unpacked");
            let event: Value = serde_json::from_slice(&bytes).expect("json");
            assert_eq!(event["commit"]["record"]["text"], "is Acme Cloud down?");
        }
        assert!(unpack(&mut decoder, b"no frame").is_none() && unpack(&mut decoder, &packed[..packed.len() / 2]).is_none());
    }

    #[test]
    fn a_message_that_unfolds_without_end_is_none() {
        // A frame with a window of two megabytes, and blocks that repeat one byte 128 kB long: 2.5 MB in 86 bytes.
        let block = |last: u32| {
            let header = ((128 * 1024) << 3) | (1 << 1) | last;
            [&header.to_le_bytes()[..3], b" "].concat()
        };
        let blocks: Vec<u8> = (0..20).flat_map(|n| block(u32::from(n == 19))).collect();
        let bomb = [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58], blocks.as_slice()].concat();
        assert!(unpack(&mut decoder("h").expect("a dictionary"), &bomb).is_none());
        let small = [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58], block(1).as_slice()].concat();
        assert_eq!(unpack(&mut decoder("h").expect("a dictionary"), &small).map(|out| out.len()), Some(128 * 1024));
    }
}

//! Lines of an endless input: numbered, capped, read by a thread of their own so that a pause can be noticed.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

/// A longer line is broken: no post is this long, and memory must stay bounded.
pub const MAX_LINE: usize = 2 * 1024 * 1024;

/// Lines that may wait between the reading and the scoring thread.
const WAITING: usize = 64;
/// Lines and bytes scored in one go.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// `None` when the line is longer than [`MAX_LINE`].
    pub(super) bytes: Option<Vec<u8>>,
}

impl Line {
    /// The line as text, or why it is none.
    pub(super) fn text(&self) -> Result<&str, String> {
        let bytes = self.bytes.as_deref().ok_or_else(|| format!("longer than {MAX_LINE} bytes"))?;
        str::from_utf8(bytes).map_err(|e| format!("not UTF-8 after byte {}", e.valid_up_to()))
    }
}

/// What came, and whether the input pauses after it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    pub(super) pause: Pause,
}

/// Whether more input was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// Nothing more has come yet: show what there is.
    Yes,
    /// More is waiting.
    No,
}

/// Batches of lines from a reader.
pub(super) struct Batches {
    lines: Receiver<io::Result<Line>>,
}

impl Batches {
    /// Starts to read. The thread ends with the input, or with its first line after this value is dropped.
    pub(super) fn new(input: impl BufRead + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = sync_channel(WAITING);
        let body = move || {
            let mut reader = Lines::of(input);
            while let Some(line) = reader.next().transpose() {
                let failed = line.is_err();
                if sender.send(line).is_err() || failed {
                    return;
                }
            }
        };
        thread::Builder::new().name("lines".to_owned()).spawn(body)?;
        Ok(Self { lines })
    }

    /// Waits for a line, then takes what else is there; `None` at the end.
    pub(super) fn next(&self) -> io::Result<Option<Batch>> {
        let Ok(first) = self.lines.recv() else { return Ok(None) };
        let mut lines = vec![first?];
        let mut bytes = 0;
        while lines.len() < BATCH && bytes < BATCH_BYTES {
            match self.lines.try_recv() {
                Ok(line) => lines.push(line?),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(Some(Batch { lines, pause: Pause::Yes })),
            }
            bytes += lines.last().and_then(|line| line.bytes.as_ref()).map_or(0, Vec::len);
        }
        Ok(Some(Batch { lines, pause: Pause::No }))
    }
}

/// The lines of an input, none of which takes more memory than [`MAX_LINE`].
pub(super) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn of(input: R) -> Self {
        Self { input, number: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let most = MAX_LINE as u64 + 1;
        if (&mut self.input).take(most).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        } else if bytes.len() > MAX_LINE {
            self.skip_rest()?;
            return Ok(Some(Line { number, bytes: None }));
        }
        if number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number, bytes: Some(bytes) }))
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let seen = self.input.fill_buf()?;
            if seen.is_empty() {
                return Ok(());
            }
            let end = seen.iter().position(|b| *b == b'\n');
            let used = end.map_or(seen.len(), |at| at + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut reader = Lines::of(input);
        std::iter::from_fn(|| reader.next().expect("memory does not fail")).collect()
    }

    fn line(number: u64, bytes: &[u8]) -> Line {
        Line { number, bytes: Some(bytes.to_vec()) }
    }

    #[test]
    fn lines_end_in_either_way_and_the_last_needs_no_end() {
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n\nb"), [line(1, b"a"), line(2, b""), line(3, b"b")]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_one_is_whole() {
        let mut input = vec![b'x'; MAX_LINE];
        input.extend(b"\nok\n");
        input.extend(vec![b'y'; 2 * MAX_LINE + 5]);
        input.extend(b"\nlast\n");
        let found = lines(&input);
        assert_eq!(found[0].bytes.as_ref().map(Vec::len), Some(MAX_LINE));
        assert_eq!(found[1..], [line(2, b"ok"), Line { number: 3, bytes: None }, line(4, b"last")]);
    }

    #[test]
    fn a_long_input_comes_in_bounded_batches_and_in_order() {
        let input = (0..1_000).map(|i| format!("{i}\n")).collect::<Vec<_>>().concat();
        let batches = Batches::new(io::Cursor::new(input)).expect("a thread");
        let mut next = 0;
        while let Some(batch) = batches.next().expect("memory does not fail") {
            assert!((1..=BATCH).contains(&batch.lines.len()));
            for found in batch.lines {
                assert_eq!(found, line(next + 1, next.to_string().as_bytes()));
                next += 1;
            }
        }
        assert_eq!(next, 1_000);
    }
}

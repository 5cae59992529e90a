//! A reader that gives up on a row that does not end.

use std::io::{Error, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that one row may take: a text of the longest kept size, escaped in the worst way, and the other cells.
pub(super) const MAX_ROW: usize = 1024 * 1024;

/// Counts what is read, and fails once too much was read without [`Budget::renew`].
pub(super) struct Limited<R> {
    inner: R,
    left: Arc<AtomicUsize>,
}

/// Renews the budget of a [`Limited`] reader that a parser owns.
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// A row has ended.
    pub(super) fn renew(&self) {
        self.0.store(MAX_ROW, Ordering::Relaxed);
    }
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R) -> (Self, Budget) {
        let left = Arc::new(AtomicUsize::new(MAX_ROW));
        (Self { inner, left: Arc::clone(&left) }, Budget(left))
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(Error::new(ErrorKind::InvalidData, "the row does not end"));
        }
        let read = self.inner.read(buf)?;
        self.left.store(left.saturating_sub(read), Ordering::Relaxed);
        Ok(read)
    }
}

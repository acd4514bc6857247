//! Messages of calls that are up, in memory.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use offhook_base::CallId;

use super::CapturedMessage;
use super::redact::redact;

/// Messages of one call in memory, at most; more are packed into a row.
const MAX_MESSAGES: usize = 512;
/// Their octets, at most.
const MAX_BYTES: usize = 512 * 1024;
/// Octets of all calls in memory, at most; beyond this every call is packed.
const MAX_ALL_BYTES: usize = 48 * 1024 * 1024;
/// How long a call's messages stay in memory.
const LONG_CALL: Duration = Duration::from_secs(60);
/// How long an ended call waits for its last answers and retransmissions.
const LINGER: Duration = Duration::from_secs(5);

/// The messages of one call that are not in the file yet.
#[derive(Debug)]
pub(super) struct Buffer {
    /// The row they will be. A reader that has seen the buffer leaves this row out.
    pub(super) row: u64,
    pub(super) root: CallId,
    pub(super) messages: Vec<CapturedMessage>,
    bytes: usize,
    due: Instant,
}

/// All buffers. Only the writer's thread changes them.
#[derive(Debug)]
pub(super) struct Live {
    calls: HashMap<CallId, Buffer>,
    bytes: usize,
    next_row: u64,
}

impl Live {
    pub(super) fn new(next_row: u64) -> Self {
        Self {
            calls: HashMap::new(),
            bytes: 0,
            next_row,
        }
    }

    /// Adds a message, without its secrets.
    pub(super) fn push(&mut self, now: Instant, mut message: CapturedMessage) {
        let shared = redact(message.bytes);
        // A slice would keep the whole receive buffer it was cut from.
        message.bytes = Bytes::copy_from_slice(&shared);
        let next_row = &mut self.next_row;
        let buffer = self.calls.entry(message.call).or_insert_with(|| {
            let row = *next_row;
            *next_row = row.saturating_add(1);
            Buffer {
                row,
                root: message.root,
                messages: Vec::new(),
                bytes: 0,
                due: now + LONG_CALL,
            }
        });
        buffer.bytes += message.bytes.len();
        self.bytes += message.bytes.len();
        buffer.messages.push(message);
        if buffer.messages.len() >= MAX_MESSAGES || buffer.bytes >= MAX_BYTES {
            buffer.due = now;
        }
    }

    /// The call is over: what it has in memory is packed soon.
    pub(super) fn end(&mut self, now: Instant, call: CallId) {
        if let Some(buffer) = self.calls.get_mut(&call) {
            buffer.due = buffer.due.min(now + LINGER);
        }
    }

    /// Calls to be packed.
    pub(super) fn due(&self, now: Instant, all: bool) -> Vec<CallId> {
        let all = all || self.bytes > MAX_ALL_BYTES;
        let mut due: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, buffer)| all || buffer.due <= now)
            .map(|(call, buffer)| (buffer.row, *call))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, call)| call).collect()
    }

    pub(super) fn get(&self, call: CallId) -> Option<&Buffer> {
        self.calls.get(&call)
    }

    pub(super) fn of(
        &self,
        wanted: impl Fn(CallId, CallId) -> bool,
    ) -> impl Iterator<Item = &Buffer> {
        self.calls
            .iter()
            .filter(move |(call, buffer)| wanted(**call, buffer.root))
            .map(|(_, buffer)| buffer)
    }

    /// Roots with messages in memory.
    pub(super) fn roots(&self) -> Vec<CallId> {
        self.calls.values().map(|buffer| buffer.root).collect()
    }

    pub(super) fn forget(&mut self, call: CallId) {
        if let Some(buffer) = self.calls.remove(&call) {
            self.bytes = self.bytes.saturating_sub(buffer.bytes);
        }
    }
}

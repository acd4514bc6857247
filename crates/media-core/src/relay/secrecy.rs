//! Whether a side's packets are encrypted, and under which keys.
//!
//! ```text
//!             keys                        other keys
//!   Plain ───────────► Secret ◄──────────────────────┐
//!     ▲                  │  │   the same keys: all stays, with the rollover counters
//!     └──────────────────┘  └────────────────────────┘
//!           no keys
//! ```
//!
//! Who gives up its place for a while (a transfer that fails) comes back with the keys it had: those are kept aside, for a
//! key that begins anew under the same numbers would give away what it hides.

use std::collections::VecDeque;

use crate::packet::Kind;
use crate::srtp::{SrtpKeys, SrtpReceiver, SrtpSender, Unauthentic};

/// How one side's packets are.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrecy {
    state: State,
    /// The keys before these, the newest first.
    before: VecDeque<Box<Context>>,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Plain,
    Secret(Box<Context>),
    /// Nothing can be derived from the keys, which does not happen; should it, nothing passes.
    Closed,
}

/// Both directions of a side.
#[derive(Clone, Debug)]
struct Context {
    receiver: SrtpReceiver,
    sender: SrtpSender,
}

/// Whether the stream towards a side has to begin anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stream {
    Anew,
    GoesOn,
}

impl Secrecy {
    /// The side has these keys from here on; `None`: it is plain.
    pub(super) fn set(&mut self, keys: Option<&SrtpKeys>) -> Stream {
        if let (State::Secret(context), Some(keys)) = (&self.state, keys)
            && context.has(keys)
        {
            return Stream::GoesOn;
        }
        let current = match std::mem::take(&mut self.state) {
            State::Secret(context) => Some(context),
            State::Plain | State::Closed => None,
        };
        let Some(keys) = keys else {
            self.put_aside(current);
            return Stream::GoesOn;
        };
        let aside = self.before.iter().position(|one| one.has(keys));
        let next = match aside.and_then(|place| self.before.remove(place)) {
            Some(context) => Some(context.restored(current.as_deref())),
            None => Context::new(keys, current.as_deref()).map(Box::new),
        };
        let sent = current.as_ref().map(|context| context.sender.key());
        let stream = if sent == Some(&keys.send) {
            Stream::GoesOn
        } else {
            Stream::Anew
        };
        self.put_aside(current);
        self.state = next.map_or(State::Closed, State::Secret);
        stream
    }

    fn put_aside(&mut self, context: Option<Box<Context>>) {
        if let Some(context) = context {
            self.before.push_front(context);
            self.before.truncate(KEPT_ASIDE);
        }
    }

    /// Makes a packet of the side plain where it stands: its length.
    pub(super) fn decrypt(&mut self, kind: Kind, packet: &mut [u8]) -> Result<usize, Unauthentic> {
        match &mut self.state {
            State::Plain => Ok(packet.len()),
            State::Closed => Err(Unauthentic),
            State::Secret(context) => match kind {
                Kind::Rtp => context.receiver.open_rtp(packet),
                Kind::Rtcp => context.receiver.open_rtcp(packet),
            },
        }
    }

    /// Makes the packet at the start of `buffer` what the side gets: its length.
    pub(super) fn encrypt(
        &mut self,
        kind: Kind,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        match &mut self.state {
            State::Plain => Some(length),
            State::Closed => None,
            State::Secret(context) => match kind {
                Kind::Rtp => context.sender.seal_rtp(buffer, length),
                Kind::Rtcp => context.sender.seal_rtcp(buffer, length),
            },
        }
    }
}

impl Context {
    /// What stays of the keys before goes on.
    fn new(keys: &SrtpKeys, before: Option<&Self>) -> Option<Self> {
        let receiver = match before.map(|before| &before.receiver) {
            Some(before) if before.key() == &keys.receive => before.clone(),
            Some(before) => SrtpReceiver::new(&keys.receive)?.following(before),
            None => SrtpReceiver::new(&keys.receive)?,
        };
        let sender = match before.map(|before| &before.sender) {
            Some(before) if before.key() == &keys.send => before.clone(),
            Some(_) | None => SrtpSender::new(&keys.send)?,
        };
        Some(Self { receiver, sender })
    }

    /// As it was, but that what the two have in common goes on.
    fn restored(mut self: Box<Self>, current: Option<&Self>) -> Box<Self> {
        if let Some(current) = current {
            if current.receiver.key() == self.receiver.key() {
                self.receiver.clone_from(&current.receiver);
            }
            if current.sender.key() == self.sender.key() {
                self.sender.clone_from(&current.sender);
            }
        }
        self
    }

    fn has(&self, keys: &SrtpKeys) -> bool {
        self.receiver.key() == &keys.receive && self.sender.key() == &keys.send
    }
}

/// Keys of a side before those it has: its own from before a transfer, and those of targets that were tried meanwhile.
const KEPT_ASIDE: usize = 4;

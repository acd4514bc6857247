//! The last figures of how well a call was heard: the media shell tells them when it has stopped the relay, which is after the
//! call has ended and its CDR was made.
//!
//! ```text
//!   call ends ──► CDR, with the figures of the second before ──► relay stops ──► last figures ──► the CDR is amended
//! ```
//!
//! The end of a call waits for no figures. What a crash takes of them leaves those that the CDR has.

use std::collections::BTreeMap;

use offhook_base::{CallId, Heard, Quality};
use offhook_media_core::{RelayId, Side, SideQuality};

/// A call that has ended, and what its last figures are reckoned from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unheard {
    pub(crate) call: CallId,
    /// What had been heard of both sides of the relay before it.
    pub(crate) before: Option<[SideQuality; 2]>,
    /// Which of them is the caller.
    pub(crate) caller: Side,
}

/// Calls whose last figures are still to come, by the relay that tells them.
#[derive(Debug, Default)]
pub(crate) struct Awaited(BTreeMap<RelayId, Vec<Unheard>>);

impl Awaited {
    /// These ended with the relay.
    pub(crate) fn wait(&mut self, relay: RelayId, calls: Vec<Unheard>) {
        if calls.is_empty() {
            return;
        }
        self.0.insert(relay, calls);
        if self.0.len() > AT_MOST {
            self.0.pop_first();
        }
    }

    /// The figures of each call that ended with the relay.
    pub(crate) fn told(
        &self,
        relay: RelayId,
        heard: [SideQuality; 2],
    ) -> impl Iterator<Item = (CallId, Quality)> {
        let calls = self.0.get(&relay).map(Vec::as_slice).unwrap_or_default();
        calls
            .iter()
            .map(move |one| (one.call, quality(one.before, heard, one.caller)))
    }

    /// The relay has told its last.
    pub(crate) fn over(&mut self, relay: RelayId) {
        self.0.remove(&relay);
    }
}

/// How well the two sides of a call were heard, of what is heard of both sides of the relay by now.
pub(crate) fn quality(
    before: Option<[SideQuality; 2]>,
    [a, b]: [SideQuality; 2],
    caller: Side,
) -> Quality {
    let [a_before, b_before] = before.unwrap_or_default();
    let (a, b) = (since(a_before, a), since(b_before, b));
    let (src, dst) = match caller {
        Side::A => (a, b),
        Side::B => (b, a),
    };
    Quality { src, dst }
}

/// What was heard beyond what had been. A side whose count began anew has a new one.
fn since(before: SideQuality, now: SideQuality) -> Heard {
    let before = if now.packets < before.packets {
        SideQuality::default()
    } else {
        before
    };
    Heard {
        packets: now.packets - before.packets,
        // A packet that was late is lost no more.
        lost: now.lost.saturating_sub(before.lost),
        jitter_us: now.jitter_us,
        mos_x100: now.mos_x100,
    }
}

/// Relays that have been stopped and have not told yet: more than end in a moment.
const AT_MOST: usize = 4_096;

//! Re-INVITEs of our own in a call that is answered: a side learns of another partner, or is held by the API.

use std::time::Duration;

use bytes::Bytes;
use offhook_base::Mono;
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, LegId, TxId};

use super::Context;
use crate::fence::Class;

/// One re-INVITE of ours, until it is answered for good.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) leg: LegId,
    pub(super) side: Side,
    pub(super) why: Why,
    /// `None` while it waits to be sent again.
    tx: Option<TxId>,
    pub(super) again_at: Option<Mono>,
    tries: u8,
}

/// What a re-INVITE of ours is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// The side has another partner, whose SDP it gets.
    Align,
    /// The API holds the call, or resumes it.
    Hold {
        /// Who waits for the answer.
        token: u64,
        held: bool,
    },
}

impl Own {
    /// Sends it; it tells of the facts recorded so far.
    pub(super) fn send(
        cx: &mut Context<'_>,
        (side, leg): (Side, LegId),
        body: Body,
        why: Why,
    ) -> Self {
        let mut own = Self {
            leg,
            side,
            why,
            tx: None,
            again_at: None,
            tries: 0,
        };
        own.try_again(cx, body);
        own
    }

    pub(super) fn try_again(&mut self, cx: &mut Context<'_>, body: Body) {
        let tx = cx.office.next_tx();
        self.tx = Some(tx);
        self.again_at = None;
        self.tries += 1;
        let command = Command::Request {
            leg: self.leg,
            tx,
            method: Bytes::from_static(b"INVITE"),
            headers: Vec::new(),
            body: Some(body),
        };
        cx.held(self.leg, Class::Tells, command);
    }

    /// Whether it waits to be sent again.
    pub(super) const fn waits(&self) -> bool {
        self.again_at.is_some()
    }

    pub(super) fn is(&self, tx: TxId) -> bool {
        self.tx == Some(tx)
    }

    /// The other side asked something at the same time (RFC 3261 §14.1): whether it will be tried again, and when. Who
    /// chose the Call-ID waits 2.1 to 4 s, the other up to 2 s.
    pub(super) fn glare(&mut self, cx: &Context<'_>) -> bool {
        if self.tries >= TRIES || self.why != Why::Align {
            return false;
        }
        let wait = if self.leg.is_outgoing() {
            Duration::from_millis(2_100) + cx.office.jitter(self.leg, cx.now.mono, 1_900)
        } else {
            cx.office.jitter(self.leg, cx.now.mono, 2_000)
        };
        self.tx = None;
        self.again_at = Some(cx.now.mono + wait);
        true
    }
}

const TRIES: u8 = 4;

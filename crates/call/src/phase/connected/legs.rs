//! The two legs of a call, and what is heard of others.

use offhook_media_core::{RelayId, Side};
use offhook_sip_core::LegId;
use offhook_sip_message::Method;

use super::Connected;
use crate::phase::waiting::acknowledge_stray;
use crate::phase::{Context, Input};

/// The sides of a relay that said that they send.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Senders {
    pub(crate) relay: RelayId,
    a: bool,
    b: bool,
}

impl Connected {
    pub(super) fn side_of(&self, leg: LegId) -> Side {
        if leg == self.caller { Side::A } else { Side::B }
    }

    pub(super) const fn leg_of(&self, side: Side) -> LegId {
        match side {
            Side::A => self.caller,
            Side::B => self.callee,
        }
    }

    /// The relay of the two, once it runs, and the side of it that the caller is.
    pub(crate) fn relay_of_caller(&self) -> Option<(RelayId, Side)> {
        self.media.relay(Side::A)
    }

    /// The relay, and which of its sides have said that they send. `None` while the call is on hold: nobody need send then.
    pub(crate) fn senders(&self) -> Option<Senders> {
        let (relay, first) = self.media.relay(Side::A)?;
        let (of_caller, of_callee) = (self.media.sends(Side::A), self.media.sends(Side::B));
        let (a, b) = match first {
            Side::A => (of_caller, of_callee),
            Side::B => (of_callee, of_caller),
        };
        let is_held = self.holds.any();
        (!is_held && (a || b)).then_some(Senders { relay, a, b })
    }

    /// Whether something should be heard of a side of the relay.
    pub(super) fn is_awaited(&self, side: Side) -> bool {
        self.senders().is_some_and(|senders| match side {
            Side::A => senders.a,
            Side::B => senders.b,
        })
    }

    fn has(&self, leg: LegId) -> bool {
        leg == self.caller || leg == self.callee
    }

    /// Gives back what concerns this call. A leg that has lost the race, or was moved away, still speaks for a while: what
    /// it says is never taken for a word of the two.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about a leg passes on, whatever it is"
    )]
    pub(super) fn own_input(&self, cx: &mut Context<'_>, input: Input) -> Option<Input> {
        match input {
            Input::Request { leg, tx, request } if !self.has(leg) => {
                let is_bye = request.view().method() == Some(Method::Bye);
                cx.reply(leg, tx, if is_bye { 200 } else { 481 }, Vec::new());
                None
            }
            Input::Response { leg, response, .. } if !self.has(leg) => {
                acknowledge_stray(cx, leg, &response);
                None
            }
            Input::Acked { leg, .. } | Input::Failed { leg, .. } | Input::Lost { leg }
                if !self.has(leg) =>
            {
                None
            }
            // A copy of the answer that joined the two.
            Input::Answered { leg, .. } if self.has(leg) => None,
            other => Some(other),
        }
    }
}

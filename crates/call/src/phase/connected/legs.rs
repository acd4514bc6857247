//! The two legs of a call, and what is heard of others.

use offhook_media_core::{RelayId, Side};
use offhook_sip_core::LegId;
use offhook_sip_message::Method;

use super::Connected;
use crate::phase::waiting::acknowledge_stray;
use crate::phase::{Context, Input};

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

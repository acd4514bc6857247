//! Who holds. Hold is a level, not an edge: the state of both sides is compared before and after, so an event
//! can neither be doubled nor lost (RFC 3264 §8.4, RFC 6337 §5.3).

use offhook_media_core::Side;
use offhook_sip_message::sdp::{Direction, Sdp};

/// Which sides hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Holds {
    caller: bool,
    callee: bool,
    /// By the API, on behalf of this one.
    ours: Option<Side>,
}

impl Holds {
    /// Whether anybody holds.
    pub(crate) const fn any(self) -> bool {
        self.caller || self.callee || self.ours.is_some()
    }

    /// Whether this side holds, by its phone or by us.
    pub(crate) fn by(self, side: Side) -> bool {
        self.by_phone_of(side) || self.ours == Some(side)
    }

    /// Whether a side holds by its own phone.
    pub(crate) const fn by_phone(self) -> bool {
        self.caller || self.callee
    }

    /// Whether this side holds by its own phone.
    pub(crate) const fn by_phone_of(self, side: Side) -> bool {
        match side {
            Side::A => self.caller,
            Side::B => self.callee,
        }
    }

    /// The side that we hold for.
    pub(crate) const fn by_us(self) -> Option<Side> {
        self.ours
    }

    /// We hold for a side, or do not any more.
    pub(crate) const fn set_ours(&mut self, holder: Option<Side>) {
        self.ours = holder;
    }

    /// The same with the sides in each other's place.
    pub(crate) const fn swapped(self) -> Self {
        Self {
            caller: self.callee,
            callee: self.caller,
            ours: match self.ours {
                Some(side) => Some(side.other()),
                None => None,
            },
        }
    }

    /// `side` made an offer.
    pub(crate) const fn on_offer(&mut self, side: Side, held: bool) {
        *self.of(side) = held;
    }

    /// `side` answered an offer. `recvonly` and `inactive` may only mirror the other's hold and change nothing;
    /// `sendonly` holds, `sendrecv` does not.
    pub(crate) fn on_answer(&mut self, side: Side, sdp: &[u8]) {
        let Ok(sdp) = Sdp::parse(sdp) else { return };
        // A null address or a refused stream says nothing of the side's own wish.
        let Some(audio) = sdp
            .first_audio()
            .filter(|audio| audio.port != 0 && !audio.has_null_address())
        else {
            return;
        };
        match audio.direction {
            Direction::SendOnly => *self.of(side) = true,
            Direction::SendRecv => *self.of(side) = false,
            Direction::RecvOnly | Direction::Inactive => {}
        }
    }

    const fn of(&mut self, side: Side) -> &mut bool {
        match side {
            Side::A => &mut self.caller,
            Side::B => &mut self.callee,
        }
    }
}

/// Whether an offer holds: sendonly, inactive or c=0.0.0.0.
pub(crate) fn is_held(sdp: &[u8]) -> bool {
    Sdp::parse(sdp).is_ok_and(|sdp| sdp.is_held())
}

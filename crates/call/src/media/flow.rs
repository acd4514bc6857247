//! Which way audio flows, as the sender of an SDP sees it (RFC 3264 §5.1, §6.1).

use offhook_sip_message::sdp::{Direction, Sdp};

/// A direction as its two halves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Flow {
    pub(super) sends: bool,
    pub(super) receives: bool,
}

impl Flow {
    /// What an SDP says of its first audio. The null address of an old-style hold receives nothing.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        let sdp = Sdp::parse(octets).ok()?;
        let audio = sdp.first_audio()?;
        let flow = Self::from(audio.direction);
        Some(Self {
            receives: flow.receives && !audio.has_null_address(),
            ..flow
        })
    }

    /// As much of it as answers an offer: what is received there is sent here, and the other way round.
    pub(super) const fn answering(self, offer: Self) -> Self {
        Self {
            sends: self.sends && offer.receives,
            receives: self.receives && offer.sends,
        }
    }
}

impl From<Direction> for Flow {
    fn from(direction: Direction) -> Self {
        let (sends, receives) = match direction {
            Direction::Inactive => (false, false),
            Direction::RecvOnly => (false, true),
            Direction::SendOnly => (true, false),
            Direction::SendRecv => (true, true),
        };
        Self { sends, receives }
    }
}

impl From<Flow> for Direction {
    fn from(flow: Flow) -> Self {
        match (flow.sends, flow.receives) {
            (false, false) => Self::Inactive,
            (false, true) => Self::RecvOnly,
            (true, false) => Self::SendOnly,
            (true, true) => Self::SendRecv,
        }
    }
}

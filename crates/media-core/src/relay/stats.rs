//! What is counted of a relay.

use super::DropReason;

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SideStats {
    /// RTP packets that were the side's own.
    pub packets: u64,
    /// Octets of those, headers included.
    pub octets: u64,
    /// RTP packets missing in the side's numbering.
    pub lost: u64,
    /// RTCP packets that were the side's own.
    pub rtcp_packets: u64,
    /// Packets that were no RTP or RTCP, or of a payload type that no SDP lists.
    pub malformed: u64,
    /// Packets of the side that the other side wanted none of or heard a sound instead of, or that the system refused to
    /// send.
    pub undeliverable: u64,
    /// Packets of third parties.
    pub foreign: u64,
    /// Packets that were not encrypted as the side's own are, or came before.
    pub unauthentic: u64,
}

/// What both sides sent; what was played to them is in no figure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RelayStats {
    /// Sent by the caller's side.
    pub a: SideStats,
    /// Sent by the called side.
    pub b: SideStats,
}

impl SideStats {
    pub(super) const fn count(&mut self, reason: DropReason) {
        match reason {
            DropReason::Format | DropReason::Malformed => self.malformed += 1,
            DropReason::NoDestination | DropReason::Playing | DropReason::Unheard => {
                self.undeliverable += 1;
            }
            DropReason::Source => self.foreign += 1,
            DropReason::Unauthentic => self.unauthentic += 1,
        }
    }
}

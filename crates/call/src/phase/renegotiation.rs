//! Requests inside a call that were passed to the other side and wait for its answer.

use offhook_sip_core::TxId;

use offhook_media_core::Side;

/// What a request says of the session (RFC 3264).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Offer {
    /// Nothing: INFO, a refresh by UPDATE.
    None,
    /// It carries an offer, which holds or not.
    Made { held: bool },
    /// A re-INVITE without SDP: the other side makes the offer, the ACK carries the answer.
    Wanted,
}

/// One request on its way through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renegotiation {
    /// The request as received.
    pub(crate) asked: TxId,
    /// From which side.
    pub(crate) from: Side,
    /// The request as passed on.
    pub(crate) relayed: TxId,
    pub(crate) is_invite: bool,
    pub(crate) offer: Offer,
}

/// All of them; a call has one or none at almost any time.
#[derive(Debug, Default)]
pub(crate) struct Renegotiations {
    waiting: Vec<Renegotiation>,
    /// Re-INVITEs without SDP that were answered: who owes the ACK, and whether the offer in the answer holds.
    acks: Vec<(Side, bool)>,
}

impl Renegotiations {
    pub(crate) fn push(&mut self, renegotiation: Renegotiation) {
        self.waiting.push(renegotiation);
    }

    /// The request that `relayed` carries on.
    pub(crate) fn take(&mut self, relayed: TxId) -> Option<Renegotiation> {
        let at = self
            .waiting
            .iter()
            .position(|waiting| waiting.relayed == relayed)?;
        Some(self.waiting.swap_remove(at))
    }

    /// Whether nothing is in progress.
    pub(crate) const fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.acks.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Renegotiation> {
        self.waiting.iter()
    }

    pub(crate) fn await_ack(&mut self, from: Side, offered_held: bool) {
        self.acks.push((from, offered_held));
    }

    /// The ACK of `from` arrived: whether the offer it answers holds. `None` when no answer was awaited.
    pub(crate) fn take_ack(&mut self, from: Side) -> Option<bool> {
        let at = self.acks.iter().position(|(side, _)| *side == from)?;
        Some(self.acks.swap_remove(at).1)
    }
}

//! Which keys the media of each leg has: SDES (RFC 4568) and opportunistic SRTP (RFC 8643), at the edge between stack and
//! calls.
//!
//! ```text
//!   phone ── RTP/SAVP, a=crypto ──► said ── RTP/AVP, the name of the keys ──► phases, relay
//!   phone ◄── RTP/SAVP, a=crypto ── told ◄────────── RTP/AVP ─────────────── phases
//! ```
//!
//! Each leg has keys of its own, so that what passes between two legs is plain to us: it is recorded, renumbered, listened to
//! for keys, and one phone may be secure and the other not. Therefore no phase knows of keys at all: an SDP that comes in is
//! made a plain one first, and one that goes out is made what its leg agreed on last. A stream that cannot be had is refused
//! on the way in (port zero), so that phases meet it as one that has no media for us. The keys themselves stay here; an SDP
//! within us only names them ([`KeysId`]), and the media shell gets them with what becomes of the relay.

mod leg;

use std::collections::BTreeMap;

use bytes::Bytes;
use offhook_media_core::SrtpKeys;
use offhook_sip_core::LegId;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

use leg::Leg;

/// What our offers say to phones whose signalling nobody else can read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SrtpOffers {
    /// No keys.
    Off,
    /// RTP/AVP with keys: a phone may take them, or not (RFC 8643).
    #[default]
    Offered,
    /// RTP/SAVP: a phone without is not talked to.
    Required,
}

/// Names keys in an SDP within us.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct KeysId(u64);

/// What an SDP is in its dialog (RFC 3264).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Offer,
    Answer,
}

/// Who can read the signalling of a leg.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signalling {
    /// Whoever is on the way.
    Open,
    /// The phone alone.
    Secret,
}

/// The keys of all legs.
#[derive(Debug)]
pub(crate) struct Secrecy {
    offers: SrtpOffers,
    legs: BTreeMap<LegId, Leg>,
    desk: Desk,
}

/// Where keys are drawn, and kept under their names.
#[derive(Debug)]
struct Desk {
    rng: ChaCha12Rng,
    keys: BTreeMap<KeysId, SrtpKeys>,
    last: u64,
}

impl Secrecy {
    /// `seed` is as random as the keys are to be.
    pub(crate) fn new(offers: SrtpOffers, seed: [u8; 32]) -> Self {
        // Of the seed itself others see something: node-wide ids begin with it.
        let own = Sha256::new()
            .chain_update(b"keys of media")
            .chain_update(seed);
        Self {
            offers,
            legs: BTreeMap::new(),
            desk: Desk {
                rng: ChaCha12Rng::from_seed(own.finalize().into()),
                keys: BTreeMap::new(),
                last: 0,
            },
        }
    }

    /// A leg begins.
    pub(crate) fn open(&mut self, leg: LegId, signalling: Signalling) {
        let offers = match signalling {
            Signalling::Open => SrtpOffers::Off,
            Signalling::Secret => self.offers,
        };
        self.legs.entry(leg).or_insert_with(|| Leg::new(offers));
    }

    /// A leg is over, and nobody speaks of it any more.
    pub(crate) fn close(&mut self, leg: LegId) {
        for id in self.legs.remove(&leg).map(Leg::close).unwrap_or_default() {
            self.desk.keys.remove(&id);
        }
    }

    /// The other side of a leg asks something, with an offer or without.
    pub(crate) fn asks(&mut self, leg: LegId, offers: bool) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.they_offer = offers;
        }
    }

    /// We ask something in a leg, with an offer or without.
    pub(crate) fn is_asked(&mut self, leg: LegId, offers: bool) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.we_offer = offers;
        }
    }

    /// What an SDP in an answer of the other side is.
    pub(crate) fn role_of_theirs(&self, leg: LegId) -> Role {
        match self.legs.get(&leg) {
            Some(leg) if !leg.we_offer => Role::Offer,
            Some(_) | None => Role::Answer,
        }
    }

    /// What an SDP in an answer of ours is.
    pub(crate) fn role_of_ours(&self, leg: LegId) -> Role {
        match self.legs.get(&leg) {
            Some(leg) if !leg.they_offer => Role::Offer,
            Some(_) | None => Role::Answer,
        }
    }

    /// What the other side of a leg said, as the phases get it; `None` where that is how it came.
    pub(crate) fn said(&mut self, leg: LegId, role: Role, sdp: &[u8]) -> Option<Bytes> {
        let leg = self.legs.get_mut(&leg)?;
        leg.said(role, sdp, &mut self.desk)
    }

    /// What a leg is told, as it gets it; `None` where that is how the phases have it.
    pub(crate) fn told(&mut self, leg: LegId, role: Role, sdp: &[u8]) -> Option<Bytes> {
        let leg = self.legs.get_mut(&leg)?;
        leg.told(role, sdp, &mut self.desk)
    }

    /// Keys that an SDP named.
    pub(crate) fn keys(&self, id: KeysId) -> Option<Box<SrtpKeys>> {
        self.desk.keys.get(&id).cloned().map(Box::new)
    }
}

impl KeysId {
    /// The attribute that names them, without its `a=`.
    fn attribute(self) -> String {
        format!("{}:{}", offhook_sip_message::sdp::KEYS, self.0)
    }

    /// The keys that an audio section within us names.
    pub(crate) fn of(audio: &offhook_sip_message::sdp::Media<'_>) -> Option<Self> {
        let value = audio.attributes(offhook_sip_message::sdp::KEYS).next()?;
        std::str::from_utf8(value).ok()?.parse().ok().map(Self)
    }
}

#[cfg(test)]
mod tests;

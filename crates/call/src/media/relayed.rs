//! The ports of one conversation, and what the relay is to do with them.
//!
//! An SDP here is a plain one that may name keys (`secrecy`). A side with keys is told of no address before its keys, so that
//! nothing goes to it unencrypted.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use offhook_base::CallId;
use offhook_media_core::{
    Encoding, Formats, MediaCommand, PayloadFormat, PortPair, RelayId, Remote, Side,
};
use offhook_sip_message::sdp::{self, Codec, Direction, Media, MediaKind, Profile, Rewrite, Sdp};

use super::NoMedia;
use super::session::Session;
use crate::effect::Effect;
use crate::secrecy::KeysId;

/// Ports of one conversation and what is known of its sides.
#[derive(Debug)]
pub(super) struct Relayed {
    relay: RelayId,
    /// Ours, as it stands in the SDPs.
    address: IpAddr,
    a: Leg,
    b: Leg,
    started: bool,
    /// The side that hears nothing, whatever it wants.
    deaf: Option<Side>,
}

#[derive(Clone, Copy, Debug)]
struct Leg {
    /// The pair that faces this side.
    pair: PortPair,
    /// The host its signalling comes from.
    host: Option<IpAddr>,
    said: Said,
    /// What an SDP not accepted yet says.
    offered: Option<Said>,
    /// The keys that the relay was told last.
    secured: Option<KeysId>,
}

/// What an SDP says of audio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Said {
    /// Where it wants media, if anywhere.
    remote: Option<Remote>,
    /// What its payload types mean.
    formats: Formats,
    /// How it is encrypted.
    keys: Option<KeysId>,
}

/// Where a side that was set apart wants its media.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    host: Option<IpAddr>,
    said: Said,
}

impl Relayed {
    pub(super) fn new(
        root: CallId,
        address: IpAddr,
        first: IpAddr,
        a: PortPair,
        b: PortPair,
    ) -> Self {
        Self {
            relay: RelayId(root.0),
            address,
            a: Leg {
                pair: a,
                host: Some(first),
                said: Said::default(),
                offered: None,
                secured: None,
            },
            b: Leg {
                pair: b,
                host: None,
                said: Said::default(),
                offered: None,
                secured: None,
            },
            started: false,
            deaf: None,
        }
    }

    pub(super) const fn is_at(&mut self, side: Side, host: IpAddr) {
        self.leg(side).host = Some(host);
    }

    /// Our address and port as a side sees them.
    pub(super) const fn facing(&mut self, side: Side) -> (IpAddr, u16) {
        let address = self.address;
        (address, self.leg(side).pair.rtp_port)
    }

    /// The SDP of `from` as the other side gets it.
    pub(super) fn translate(
        &mut self,
        from: Side,
        octets: &Bytes,
        direction: Option<Direction>,
        told: &mut Session,
    ) -> Result<Bytes, NoMedia> {
        let sdp = Sdp::parse(octets).map_err(|_| NoMedia)?;
        let audio = sdp
            .first_audio()
            .filter(|audio| is_relayed(audio))
            .ok_or(NoMedia)?;
        let port = audio.port;
        let (leg, facing) = match from {
            Side::A => (&mut self.a, self.b.pair),
            Side::B => (&mut self.b, self.a.pair),
        };
        // The null address of an old-style hold is no place to send to; who holds by direction only is not sent to.
        leg.offered = Some(Said {
            remote: audio
                .connection_ip()
                .filter(|_| !audio.has_null_address())
                .map(|ip| Remote {
                    address: SocketAddr::new(ip, port),
                    signalling: leg.host,
                    receives: audio.direction.receives(),
                }),
            formats: formats(audio),
            keys: KeysId::of(audio),
        });
        let pair = sdp::PortPair {
            rtp: facing.rtp_port,
            rtcp: facing.rtp_port.saturating_add(1),
        };
        let mut wanted = true;
        let ports: Vec<_> = sdp
            .media()
            .iter()
            .map(|media| {
                let is_it = wanted && media.kind == MediaKind::Audio && media.port == port;
                wanted &= !is_it;
                is_it.then_some(pair)
            })
            .collect();
        let mut out = Vec::with_capacity(octets.len() + 64);
        let rewrite = Rewrite {
            address: self.address,
            ports: &ports,
            direction,
            origin: told.tell(octets, &sdp, direction),
        };
        sdp.rewrite(&rewrite, &mut out);
        Ok(out.into())
    }

    /// What was translated last was no offer of that side, but ours in its name.
    pub(super) const fn forget_offer(&mut self, side: Side) {
        self.leg(side).offered = None;
    }

    /// The relay runs from the first SDP of the called side on; later ones update it.
    pub(super) fn settle(&mut self, from: Side, accepted: bool, effects: &mut Vec<Effect>) {
        let Some(said) = self.leg(from).offered.take().filter(|_| accepted) else {
            return;
        };
        let before = std::mem::replace(&mut self.leg(from).said, said);
        if self.started {
            if before.formats != said.formats {
                self.explain(from, effects);
            }
            self.secure(from, effects);
            if before.remote != said.remote {
                self.update(from, effects);
            }
        } else if from == Side::B {
            self.start(effects);
        }
    }

    /// The relay, once it runs.
    pub(super) const fn running(&self) -> Option<RelayId> {
        if self.started { Some(self.relay) } else { None }
    }

    /// Starts the relay with what is known of the sides.
    pub(super) fn start(&mut self, effects: &mut Vec<Effect>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let plain = |said: Said| said.remote.filter(|_| said.keys.is_none());
        effects.push(Effect::Media(MediaCommand::Start {
            relay: self.relay,
            a: self.a.pair.id,
            b: self.b.pair.id,
            a_remote: plain(self.a.said),
            b_remote: plain(self.b.said),
        }));
        for side in [Side::A, Side::B] {
            let said = self.leg(side).said;
            if !said.formats.is_empty() {
                self.explain(side, effects);
            }
            if said.keys.is_some() {
                self.secure(side, effects);
                self.update(side, effects);
            }
        }
    }

    pub(super) fn part(&mut self, side: Side, effects: &mut Vec<Effect>) -> Hole {
        let leg = self.leg(side);
        let hole = Hole {
            host: leg.host.take(),
            said: std::mem::take(&mut leg.said),
        };
        leg.offered = None;
        if self.started {
            self.explain(side, effects);
            self.update(side, effects);
        }
        hole
    }

    pub(super) fn join_again(&mut self, side: Side, hole: Hole, effects: &mut Vec<Effect>) {
        let leg = self.leg(side);
        leg.host = hole.host;
        leg.said = hole.said;
        leg.offered = None;
        if self.started {
            self.explain(side, effects);
            self.secure(side, effects);
            self.update(side, effects);
        }
    }

    /// A side hears nothing from here on, or does again.
    pub(super) fn deafen(&mut self, deaf: Option<Side>, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.deaf, deaf);
        if self.started && before != deaf {
            for side in [before, deaf].into_iter().flatten() {
                self.update(side, effects);
            }
        }
    }

    pub(super) fn stop(self, effects: &mut Vec<Effect>) {
        if self.started {
            effects.push(Effect::Media(MediaCommand::Stop { relay: self.relay }));
            return;
        }
        for pair in [self.a.pair, self.b.pair] {
            effects.push(Effect::Media(MediaCommand::Release { pair: pair.id }));
        }
    }

    fn update(&mut self, side: Side, effects: &mut Vec<Effect>) {
        let deaf = self.deaf == Some(side);
        let remote = self.leg(side).said.remote.filter(|_| !deaf);
        effects.push(Effect::Media(MediaCommand::Update {
            relay: self.relay,
            side,
            remote,
        }));
    }

    /// Says how a side is encrypted, if that is another way than so far.
    fn secure(&mut self, side: Side, effects: &mut Vec<Effect>) {
        let relay = self.relay;
        let leg = self.leg(side);
        let keys = leg.said.keys;
        if std::mem::replace(&mut leg.secured, keys) != keys {
            effects.push(Effect::Secure { relay, side, keys });
        }
    }

    /// Says what the payload types of a side mean.
    fn explain(&mut self, side: Side, effects: &mut Vec<Effect>) {
        let (relay, formats) = (self.relay, self.leg(side).said.formats);
        effects.push(Effect::Media(MediaCommand::Formats {
            relay,
            side,
            formats,
        }));
    }

    const fn leg(&mut self, side: Side) -> &mut Leg {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

/// Whether an audio section is one that passes through us: in use, and plain to us.
pub(super) fn is_relayed(audio: &Media<'_>) -> bool {
    audio.port != 0 && Profile::parse(audio.proto).is_some_and(|profile| !profile.secure)
}

/// What the payload types of an audio section mean.
fn formats(audio: &Media<'_>) -> Formats {
    audio.codecs().map(|codec| format(&codec)).collect()
}

fn format(codec: &Codec<'_>) -> PayloadFormat {
    let encoding = match codec.rate {
        _ if codec.is_telephone_event() => Encoding::TelephoneEvent,
        8_000 if codec.is("PCMA") => Encoding::Pcma,
        8_000 if codec.is("PCMU") => Encoding::Pcmu,
        8_000 if codec.is("G722") => Encoding::G722,
        48_000 if codec.is("opus") => Encoding::Opus,
        _ if codec.is("CN") => Encoding::ComfortNoise,
        _ => Encoding::Other,
    };
    PayloadFormat {
        payload_type: codec.payload_type,
        encoding,
        clock: codec.rate,
    }
}

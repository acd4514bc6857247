//! What a call wants of the media relay, and how an SDP is turned into one that names the relay.
//!
//! Each call has one pair of ports a side. The SDP of one side, passed to the other, names the port that faces
//! the other side; the address in it is where the relay first sends to. Of several media only the first audio is
//! relayed; the others are refused with port 0, their count and order kept (RFC 3264 §6).

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use offhook_base::CallId;
use offhook_media_core::{MediaCommand, PortPair, RelayId, Remote, Side};
use offhook_sip_message::sdp::{self, MediaKind, Rewrite, Sdp};

use crate::effect::Effect;

/// The SDP cannot be relayed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NoMedia;

/// The media of one call: `Direct` when `relay = "never"`, where SDPs pass untouched.
#[derive(Debug)]
pub(crate) enum Media {
    Direct,
    Relayed(Box<Relayed>),
}

/// Ports of one call and what is known of its sides.
#[derive(Debug)]
pub(crate) struct Relayed {
    relay: RelayId,
    /// Ours, as it stands in the SDPs.
    address: IpAddr,
    a: Leg,
    b: Leg,
    started: bool,
}

#[derive(Clone, Copy, Debug)]
struct Leg {
    /// The pair that faces this side.
    pair: PortPair,
    /// The host its signalling comes from.
    host: Option<IpAddr>,
    remote: Option<Remote>,
    /// What an SDP not accepted yet says: where it wants media, if anywhere.
    offered: Option<Option<Remote>>,
}

impl Media {
    /// Media of `call` by way of us; `caller` is the host that the INVITE came from.
    pub(crate) fn relayed(
        call: CallId,
        address: IpAddr,
        caller: IpAddr,
        a: PortPair,
        b: PortPair,
    ) -> Self {
        Self::Relayed(Box::new(Relayed {
            relay: RelayId(call.0),
            address,
            a: Leg {
                pair: a,
                host: Some(caller),
                remote: None,
                offered: None,
            },
            b: Leg {
                pair: b,
                host: None,
                remote: None,
                offered: None,
            },
            started: false,
        }))
    }

    /// The called side is this host's phone.
    pub(crate) fn called(&mut self, host: IpAddr) {
        if let Self::Relayed(relayed) = self {
            relayed.b.host = Some(host);
        }
    }

    /// Turns the SDP that `from` sent into the one that the other side gets, and takes note of where `from` wants media.
    pub(crate) fn translate(
        &mut self,
        from: Side,
        octets: &Bytes,
        effects: &mut Vec<Effect>,
    ) -> Result<Bytes, NoMedia> {
        let translated = self.offer(from, octets)?;
        self.settle(from, true, effects);
        Ok(translated)
    }

    /// The same for an offer inside a call, which changes nothing until it is accepted (RFC 3261 §14.1).
    pub(crate) fn offer(&mut self, from: Side, octets: &Bytes) -> Result<Bytes, NoMedia> {
        match self {
            Self::Direct => Ok(octets.clone()),
            Self::Relayed(relayed) => relayed.translate(from, octets),
        }
    }

    /// What `from` offered was accepted, or refused and forgotten.
    pub(crate) fn settle(&mut self, from: Side, accepted: bool, effects: &mut Vec<Effect>) {
        if let Self::Relayed(relayed) = self {
            relayed.settle(from, accepted, effects);
        }
    }

    /// Gives the ports back.
    pub(crate) fn stop(self, effects: &mut Vec<Effect>) {
        let Self::Relayed(relayed) = self else { return };
        if relayed.started {
            effects.push(Effect::Media(MediaCommand::Stop {
                relay: relayed.relay,
            }));
        } else {
            effects.push(Effect::Media(MediaCommand::Release {
                pair: relayed.a.pair.id,
            }));
            effects.push(Effect::Media(MediaCommand::Release {
                pair: relayed.b.pair.id,
            }));
        }
    }
}

impl Relayed {
    fn translate(&mut self, from: Side, octets: &Bytes) -> Result<Bytes, NoMedia> {
        let sdp = Sdp::parse(octets).map_err(|_| NoMedia)?;
        let audio = sdp
            .first_audio()
            .filter(|audio| audio.port != 0)
            .ok_or(NoMedia)?;
        let port = audio.port;
        let (leg, facing) = match from {
            Side::A => (&mut self.a, self.b.pair),
            Side::B => (&mut self.b, self.a.pair),
        };
        // The null address of an old-style hold is no place to send to.
        leg.offered = Some(
            audio
                .connection_ip()
                .filter(|_| !audio.has_null_address())
                .map(|ip| Remote {
                    address: SocketAddr::new(ip, port),
                    signalling: leg.host,
                }),
        );
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
            direction: None,
            origin: None,
        };
        sdp.rewrite(&rewrite, &mut out);
        Ok(out.into())
    }

    /// The relay runs from the first SDP of the called side on; later ones update it.
    fn settle(&mut self, from: Side, accepted: bool, effects: &mut Vec<Effect>) {
        let leg = match from {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        };
        let Some(remote) = leg.offered.take().filter(|_| accepted) else {
            return;
        };
        let changed = leg.remote != remote;
        leg.remote = remote;
        if self.started {
            if changed {
                effects.push(Effect::Media(MediaCommand::Update {
                    relay: self.relay,
                    side: from,
                    remote,
                }));
            }
        } else if from == Side::B {
            self.started = true;
            effects.push(Effect::Media(MediaCommand::Start {
                relay: self.relay,
                a: self.a.pair.id,
                b: self.b.pair.id,
                a_remote: self.a.remote,
                b_remote: self.b.remote,
            }));
        }
    }
}

/// Name of the first codec of an SDP's audio, which in an answer is the one that is spoken.
pub(crate) fn codec(octets: &[u8]) -> Option<String> {
    let sdp = Sdp::parse(octets).ok()?;
    sdp.first_audio_codec().map(str::to_owned)
}

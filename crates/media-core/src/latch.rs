//! Which remote address belongs to one side of a call (symmetric RTP, RFC 4961; latching, RFC 7362).
//!
//! ```text
//!            SDP                  valid packet              window over, or the SDP's own address
//!  Unknown ───────► Armed ───────────────────► Probation ──────────────────────────────────────► Latched
//!                     ▲                            │ one better source ──────────────────────────►  │
//!                     └────────── new SDP ─────────┴────────────────────────────────────────────────┘
//! ```
//!
//! Behind address translation the SDP's address is useless and the source of the packets is the truth; but whoever
//! believes any source can be fed and robbed of media by a third party. So one source is believed per SDP. Until the
//! window closes a better one may take its place once, where the SDP's own address is better than a host
//! known from the signalling, and that is better than a stranger.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use offhook_base::Mono;

/// Where a side's SDP wants its media.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Remote {
    /// Address of its RTP. An unspecified address or port 0 means that it wants none (RFC 3264 section 8.4).
    pub address: SocketAddr,
    /// The host its signalling comes from. When given, packets of other hosts than this and the SDP's are never
    /// believed; when not, any host may be latched.
    pub signalling: Option<IpAddr>,
    /// Whether it wants to hear; one that only sends is believed all the same (RFC 3264 section 8.4).
    pub receives: bool,
}

impl From<SocketAddr> for Remote {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            signalling: None,
            receives: true,
        }
    }
}

impl std::str::FromStr for Remote {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<SocketAddr>().map(Self::from)
    }
}

/// One side's remote addresses: what the SDP said and what the packets showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latch {
    state: State,
    /// What the side wants to be sent, whatever it sends itself.
    wants: Wants,
    rtcp: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wants {
    /// No address, as in an old-style hold.
    Nothing,
    /// Its direction is sendonly or inactive, which does not concern RTCP (RFC 3264 section 5.1).
    Rtcp,
    All,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// No SDP yet.
    Unknown,
    /// No packet since the SDP.
    Armed { remote: Remote, previous: Previous },
    /// The first source is believed until a better one comes.
    Probation {
        remote: Remote,
        previous: Previous,
        source: SocketAddr,
        until: Mono,
    },
    /// Only this source is believed.
    Latched { remote: Remote, source: SocketAddr },
}

/// The source that was latched before the last SDP.
#[derive(Clone, Copy, Debug)]
enum Previous {
    None,
    /// The SDP named the same address again, so the source is most likely the same too.
    Kept(SocketAddr),
    /// The SDP named another address: what still comes from there was on its way.
    Left(SocketAddr),
}

/// How much a source is worth believing, worst first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    Left,
    Stranger,
    KnownHost,
    Kept,
    Exact,
}

impl Latch {
    pub(crate) fn new(remote: Option<Remote>) -> Self {
        let mut latch = Self {
            state: State::Unknown,
            wants: Wants::Nothing,
            rtcp: None,
        };
        latch.set_remote(remote);
        latch
    }

    /// Takes note of a new SDP: the next source is open again.
    pub(crate) fn set_remote(&mut self, remote: Option<Remote>) {
        let remote = remote
            .filter(|remote| !remote.address.ip().is_unspecified() && remote.address.port() != 0);
        self.wants = match remote {
            None => Wants::Nothing,
            Some(remote) if !remote.receives => Wants::Rtcp,
            Some(_) => Wants::All,
        };
        let Some(remote) = remote else {
            return;
        };
        let previous = match self.state {
            State::Unknown => Previous::None,
            State::Armed {
                remote: old,
                previous,
            } if old.address == remote.address => previous,
            State::Armed { .. } => Previous::None,
            State::Probation {
                remote: old,
                source,
                ..
            }
            | State::Latched {
                remote: old,
                source,
            } => {
                if old.address == remote.address {
                    Previous::Kept(source)
                } else {
                    Previous::Left(source)
                }
            }
        };
        if !matches!(previous, Previous::Kept(_)) {
            self.rtcp = None;
        }
        self.state = State::Armed { remote, previous };
    }

    /// Whether a valid RTP packet from this source belongs to the side.
    pub(crate) fn accept_rtp(&mut self, now: Mono, from: SocketAddr) -> bool {
        match self.state {
            State::Latched { source, .. } => source == from,
            State::Unknown => false,
            State::Armed { remote, previous } => {
                let Some(rank) = rank(remote, previous, from) else {
                    return false;
                };
                self.believe(from);
                self.state = if rank == Rank::Exact {
                    State::Latched {
                        remote,
                        source: from,
                    }
                } else {
                    State::Probation {
                        remote,
                        previous,
                        source: from,
                        until: now + PROBATION,
                    }
                };
                true
            }
            State::Probation {
                remote,
                previous,
                source,
                until,
            } => {
                let over = now >= until;
                if source != from
                    && (over || rank(remote, previous, from) <= rank(remote, previous, source))
                {
                    return false;
                }
                if source != from || over {
                    self.believe(from);
                    self.state = State::Latched {
                        remote,
                        source: from,
                    };
                }
                true
            }
        }
    }

    /// Whether a valid RTCP packet from this source belongs to the side: the host is that of the RTP, its port is
    /// learnt from the first one.
    pub(crate) fn accept_rtcp(&mut self, from: SocketAddr) -> bool {
        let host_fits = match self.state {
            State::Unknown => false,
            State::Armed { remote, previous } => match previous {
                Previous::Kept(source) => source.ip() == from.ip(),
                Previous::None | Previous::Left(_) => {
                    remote.address.ip() == from.ip() || remote.signalling == Some(from.ip())
                }
            },
            State::Probation { source, .. } | State::Latched { source, .. } => {
                source.ip() == from.ip()
            }
        };
        host_fits && *self.rtcp.get_or_insert(from) == from
    }

    /// Where the side's RTP goes.
    pub(crate) fn rtp_destination(&self) -> Option<SocketAddr> {
        self.place().filter(|_| self.wants == Wants::All)
    }

    fn place(&self) -> Option<SocketAddr> {
        match self.state {
            State::Unknown => None,
            State::Armed {
                previous: Previous::Kept(source),
                ..
            }
            | State::Probation { source, .. }
            | State::Latched { source, .. } => Some(source),
            State::Armed { remote, .. } => Some(remote.address),
        }
    }

    /// Where the side's RTCP goes: the port learnt, or the one after the RTP's (RFC 3550 section 11).
    pub(crate) fn rtcp_destination(&self) -> Option<SocketAddr> {
        let rtp = self.place().filter(|_| self.wants != Wants::Nothing)?;
        match self.rtcp {
            Some(learnt) => Some(learnt),
            None => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
        }
    }

    /// RTCP follows the RTP: what was learnt from another host counts no more.
    fn believe(&mut self, source: SocketAddr) {
        self.rtcp = self.rtcp.filter(|rtcp| rtcp.ip() == source.ip());
    }
}

/// `None` for a source that must not be believed.
fn rank(remote: Remote, previous: Previous, from: SocketAddr) -> Option<Rank> {
    if from == remote.address {
        return Some(Rank::Exact);
    }
    match previous {
        Previous::Kept(source) if source == from => return Some(Rank::Kept),
        Previous::Left(source) if source == from => return Some(Rank::Left),
        Previous::None | Previous::Kept(_) | Previous::Left(_) => {}
    }
    if from.ip() == remote.address.ip() || remote.signalling == Some(from.ip()) {
        return Some(Rank::KnownHost);
    }
    remote.signalling.is_none().then_some(Rank::Stranger)
}

/// How long a better source may take the place of the first.
const PROBATION: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

//! Two bound sockets on an even port and the next one (RFC 3550 section 11).

use std::io;
use std::net::{IpAddr, SocketAddr};

use mio::net::UdpSocket;
use offhook_media_core::Kind;
use socket2::{Domain, Protocol, Socket, Type};

/// A pair of sockets.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) rtp_port: u16,
    is_v6: bool,
}

impl Pair {
    /// Binds an even port and the next one.
    pub(super) fn bind(address: IpAddr, rtp_port: u16) -> io::Result<Self> {
        Ok(Self {
            rtp: bind(SocketAddr::new(address, rtp_port))?,
            rtcp: bind(SocketAddr::new(address, rtp_port.saturating_add(1)))?,
            rtp_port,
            is_v6: address.is_ipv6(),
        })
    }

    /// Binds any free even port of which the next one is free too.
    pub(super) fn bind_any(address: IpAddr) -> io::Result<Self> {
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let found = bind(SocketAddr::new(address, 0))?;
            let port = found.local_addr()?.port();
            let other = match bind(SocketAddr::new(address, port ^ 1)) {
                Ok(other) => other,
                Err(error) => {
                    refused = error;
                    continue;
                }
            };
            let (rtp, rtcp) = if port.is_multiple_of(2) {
                (found, other)
            } else {
                (other, found)
            };
            return Ok(Self {
                rtp,
                rtcp,
                rtp_port: port & !1,
                is_v6: address.is_ipv6(),
            });
        }
        Err(refused)
    }

    /// Receives a packet; the source of IPv4 packets is an IPv4 address on any socket.
    pub(super) fn receive(&self, kind: Kind, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, from) = self.socket(kind).recv_from(buffer)?;
        Ok((
            length,
            SocketAddr::new(from.ip().to_canonical(), from.port()),
        ))
    }

    /// Sends a packet; an IPv6 socket takes IPv4 addresses in mapped form only.
    pub(super) fn send(&self, kind: Kind, packet: &[u8], to: SocketAddr) -> io::Result<()> {
        let to = match to {
            SocketAddr::V4(v4) if self.is_v6 => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            SocketAddr::V4(_) | SocketAddr::V6(_) => to,
        };
        self.socket(kind).send_to(packet, to).map(drop)
    }

    const fn socket(&self, kind: Kind) -> &UdpSocket {
        match kind {
            Kind::Rtcp => &self.rtcp,
            Kind::Rtp => &self.rtp,
        }
    }

    /// Throws away what came in while nobody listened: it belongs to the pair's previous call or to nobody.
    pub(super) fn drain(&self) {
        let mut scrap = [0; 1];
        for socket in [&self.rtp, &self.rtcp] {
            for _ in 0..QUEUED_AT_MOST {
                if socket.recv_from(&mut scrap).is_err() {
                    break;
                }
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// A second and a half of G.711 as the kernel counts it, so that a pause of the thread loses nothing, and small
/// enough that packets sent to idle ports cannot fill the memory.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// More packets than `RECEIVE_BUFFER` holds.
const QUEUED_AT_MOST: usize = 256;

/// How often a free even and odd pair is looked for.
const ATTEMPTS: usize = 64;

//! Datagrams that wait for the call thread, taken out of the kernel's buffer before it is full.
//!
//! Most kernels give a socket some 400 kB (`net.core.rmem_max`), which are 300 datagrams: fewer than the BYEs of a large office at
//! the end of its hour. Reading one takes a few microseconds, handling it a hundred: so all that is there is read first.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

/// What one socket received and nobody has looked at.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<(SocketAddr, Bytes)>,
    octets: usize,
}

impl Backlog {
    /// Takes what the socket has, as far as there is room; the rest waits in the kernel, which drops what does not fit there.
    /// Datagrams of more than `longest` octets are not kept. True when the socket may have more.
    pub(super) fn fill(
        &mut self,
        longest: usize,
        buffer: &mut [u8],
        mut receive: impl FnMut(&mut [u8]) -> io::Result<(usize, SocketAddr)>,
    ) -> bool {
        let mut faults = 0;
        while self.waiting.len() < DATAGRAMS_AT_MOST && self.octets < OCTETS_AT_MOST {
            match receive(buffer) {
                Ok((len, from)) if len > longest => {
                    tracing::debug!(%from, len, "a datagram longer than limits.max_message_bytes");
                }
                Ok((len, from)) => {
                    let datagram = Bytes::copy_from_slice(buffer.get(..len).unwrap_or_default());
                    self.octets += len;
                    self.waiting.push_back((from, datagram));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    // An ICMP error of an earlier send (refused, unreachable): the transaction times out by itself.
                    tracing::trace!(%error, "receiving");
                    faults += 1;
                    if faults == FAULTS_AT_MOST {
                        break;
                    }
                }
            }
        }
        true
    }

    /// The oldest datagram.
    pub(super) fn pop(&mut self) -> Option<(SocketAddr, Bytes)> {
        let (from, datagram) = self.waiting.pop_front()?;
        self.octets -= datagram.len();
        Some((from, datagram))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Some tenths of a second of work.
const DATAGRAMS_AT_MOST: usize = 4_096;

const OCTETS_AT_MOST: usize = 8 << 20;

/// Errors in a row that are passed over before the other sockets get their turn.
const FAULTS_AT_MOST: usize = 64;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// A socket with little room, and one that sends to it.
    fn sockets() -> (UdpSocket, UdpSocket) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&socket)
            .set_recv_buffer_size(16_384)
            .unwrap();
        socket.set_nonblocking(true).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.connect(socket.local_addr().unwrap()).unwrap();
        (socket, sender)
    }

    #[test]
    fn two_thousand_datagrams_wait_in_order_while_nobody_handles_them() {
        let (socket, sender) = sockets();
        let mut backlog = Backlog::default();
        let mut buffer = vec![0; 65_535];
        for number in 0..2_000_u32 {
            let mut datagram = [b'x'; 700];
            datagram[..4].copy_from_slice(&number.to_be_bytes());
            sender.send(&datagram).unwrap();
            // What is looked at between two datagrams that are handled.
            if number % 5 == 4 {
                assert!(!backlog.fill(1_000, &mut buffer, |octets| socket.recv_from(octets)));
            }
        }
        let numbers = std::iter::from_fn(|| backlog.pop()).map(|(from, datagram)| {
            assert_eq!(from, sender.local_addr().unwrap());
            u32::from_be_bytes(datagram[..4].try_into().unwrap())
        });
        assert!(numbers.eq(0..2_000));
        assert!(backlog.is_empty() && backlog.octets == 0);
    }

    #[test]
    fn what_is_too_long_is_not_kept_and_what_is_too_much_waits_in_the_kernel() {
        let from: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        let mut backlog = Backlog::default();
        let mut buffer = vec![0; 65_535];
        let mut lengths = [1_001, 1_000].into_iter();
        let more = backlog.fill(1_000, &mut buffer, |_| {
            let length = lengths.next();
            length.map_or_else(
                || Err(io::ErrorKind::WouldBlock.into()),
                |len| Ok((len, from)),
            )
        });
        assert!(!more);
        assert_eq!(backlog.waiting.len(), 1);
        for length in [10, 60_000] {
            let mut backlog = Backlog::default();
            assert!(backlog.fill(65_535, &mut buffer, |_| Ok((length, from))));
            assert!(backlog.waiting.len() <= DATAGRAMS_AT_MOST);
            assert!(backlog.octets < OCTETS_AT_MOST + 65_536);
        }
        let faulty = |_: &mut [u8]| Err(io::ErrorKind::ConnectionRefused.into());
        assert!(backlog.fill(1_000, &mut buffer, faulty), "it ends");
    }
}

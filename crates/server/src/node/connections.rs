//! SIP over TCP and TLS: one task for each connection, which reads it and writes it; the call thread knows it by its flow.
//!
//! ```text
//! accepted ──► [TLS handshake] ──► open: messages in, queue out ──► closed
//!     └ no seat        └ not in time, not TLS 1.2 or 1.3: closed, and the call thread never hears of it
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use offhook_sip_core::{FlowId, Peer, Transport};
use offhook_sip_message::{Framed, StreamFramer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::certificate::Certificate;
use super::inbox::{CallInput, Inbox};
use super::seats::{Seat, Seats};

/// Messages that may wait for a peer to read. Full: the call thread closes the flow, and only this one.
const OUTBOX: usize = 256;
/// A connection without a word is closed: longer than the longest registration, so that no phone that is registered
/// and no call that is up loses its connection for being silent. Dead peers are found by TCP's own keep-alive.
const IDLE: Duration = Duration::from_secs(3 * 3_600);
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Who has not said a whole message by then is no phone, and keeps nobody else from a seat.
const FIRST_WITHIN: Duration = Duration::from_secs(60);
/// A TLS handshake must be over within this time.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// A message must be whole within this time of its first octet.
const WHOLE_MESSAGE_WITHIN: Duration = Duration::from_secs(30);
/// A peer that does not read for so long is given up.
const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// How long a connection whose framing broke stays open for the answer.
const LAST_WORDS: Duration = Duration::from_millis(300);

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// What the connections of one listener have in common.
#[derive(Clone)]
pub(crate) struct Service {
    /// The certificate that they show; `None`: they are plain TCP.
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) inbox: Inbox,
    /// Longer messages end a connection.
    pub(crate) max_message: usize,
    /// Shared by all listeners.
    pub(crate) seats: Seats,
}

/// Accepts connections until the task is dropped.
pub(crate) async fn accept(listener: TcpListener, service: Service) {
    let mut connections = JoinSet::new();
    let is_tls = service.certificate.is_some();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    match service.seats.take(Instant::now(), from.ip(), is_tls) {
                        Ok(seat) => {
                            connections.spawn(service.clone().serve(stream, from, seat));
                        }
                        Err(full) => tracing::debug!(%from, ?full, "a connection too many"),
                    }
                }
                Err(error) => {
                    // No descriptor left, or the peer is gone already: others go on.
                    tracing::warn!(%error, "accepting a SIP connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(done) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = done {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
        }
    }
}

impl Service {
    async fn serve(self, stream: TcpStream, from: SocketAddr, seat: Seat) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE / 4);
        if let Err(error) = socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive) {
            tracing::debug!(%error, "TCP keep-alive");
        }
        let Some(certificate) = &self.certificate else {
            let (reader, writer) = stream.into_split();
            return self
                .talk(reader, writer, (from, Transport::Tcp), seat)
                .await;
        };
        let handshake = certificate.acceptor().accept(stream);
        match tokio::time::timeout(HANDSHAKE_WITHIN, handshake).await {
            Ok(Ok(stream)) => {
                let (reader, writer) = tokio::io::split(stream);
                self.talk(reader, writer, (from, Transport::Tls), seat)
                    .await;
            }
            Ok(Err(error)) => tracing::debug!(%from, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%from, "no TLS handshake in time"),
        }
    }

    /// Carries messages until the connection ends, and tells the call thread of its beginning and its end.
    async fn talk(
        self,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Unpin,
        (from, transport): (SocketAddr, Transport),
        seat: Seat,
    ) {
        let flow = FlowId::connection(CONNECTIONS.fetch_add(1, Ordering::Relaxed));
        let peer = Peer {
            flow,
            addr: from,
            transport,
        };
        // Full: see `OUTBOX`.
        let (outbox, queue) = mpsc::channel(OUTBOX);
        // The call thread holds the only strong end: when it lets go, the writer's queue ends and the connection closes.
        let pings = outbox.downgrade();
        let inbox = self.inbox;
        if inbox
            .try_send(CallInput::FlowOpened { flow, outbox })
            .is_err()
        {
            return;
        }
        // Whichever ends first ends the other: the peer closed, the framing broke, or the call thread let go.
        let mut writing = std::pin::pin!(write(writer, queue));
        let ended = tokio::select! {
            read = read(reader, peer, &inbox, &pings, self.max_message) => {
                if read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidData) {
                    // The answer to what broke the framing may still leave.
                    match tokio::time::timeout(LAST_WORDS, &mut writing).await {
                        Ok(written) => written,
                        Err(_) => read,
                    }
                } else {
                    read
                }
            }
            written = &mut writing => written,
        };
        if let Err(error) = ended {
            tracing::debug!(%from, %error, "a SIP connection ended");
        }
        drop(seat);
        // Blocking is right here: the end of a flow must not be lost, or the stack would wait for it for ever.
        let told =
            tokio::task::spawn_blocking(move || inbox.send(CallInput::FlowClosed(flow))).await;
        if let Err(error) = told {
            tracing::error!(%error, "the end of a flow could not be told");
        }
    }
}

async fn read(
    mut reader: impl AsyncRead + Unpin,
    peer: Peer,
    inbox: &Inbox,
    pings: &mpsc::WeakSender<Bytes>,
    max_message: usize,
) -> io::Result<()> {
    let mut framer = StreamFramer::new(max_message);
    let mut buffer = vec![0; 16 * 1024];
    // When the message that is not whole yet began.
    let mut begun: Option<Instant> = None;
    let opened = Instant::now();
    let mut is_phone = false;
    loop {
        let idle = if is_phone {
            IDLE
        } else {
            FIRST_WITHIN.saturating_sub(opened.elapsed())
        };
        let patience = begun.map_or(idle, |at| WHOLE_MESSAGE_WITHIN.saturating_sub(at.elapsed()));
        let len = match tokio::time::timeout(patience, reader.read(&mut buffer)).await {
            Ok(read) => read?,
            Err(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "no whole message in time",
                ));
            }
        };
        if len == 0 {
            return Ok(());
        }
        framer.push(buffer.get(..len).unwrap_or_default());
        loop {
            match framer.poll() {
                Ok(Some(Framed::Message(message))) => {
                    begun = None;
                    is_phone = true;
                    let input = CallInput::FlowMessage {
                        peer,
                        message: Box::new(message),
                    };
                    if inbox.try_send(input).is_err() {
                        return Err(io::Error::other("the call thread does not keep up"));
                    }
                }
                // RFC 5626 §3.5.1: a ping is answered with a single CRLF.
                Ok(Some(Framed::Ping)) => {
                    if pings
                        .upgrade()
                        .is_none_or(|outbox| outbox.try_send(Bytes::from_static(b"\r\n")).is_err())
                    {
                        return Err(io::Error::other("the peer does not read"));
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    if let Some(salvaged) = framer.salvage() {
                        let input = CallInput::FlowMalformed {
                            peer,
                            salvaged: Box::new(salvaged),
                            error,
                        };
                        inbox
                            .try_send(input)
                            .map_err(|_| io::Error::other("the call thread does not keep up"))?;
                    }
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        error.to_string(),
                    ));
                }
            }
        }
        begun = (framer.pending() > 0).then(|| begun.unwrap_or_else(Instant::now));
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(bytes) = queue.recv().await {
        // TLS takes octets before the socket does: without the flush they would wait for the next message.
        in_time(async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        })
        .await?;
    }
    in_time(writer.shutdown()).await
}

async fn in_time(written: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::time::timeout(WRITE_WITHIN, written)
        .await
        .unwrap_or_else(|_| {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the peer does not read",
            ))
        })
}

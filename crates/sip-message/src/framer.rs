use bytes::Bytes;

use crate::error::ParseError;
use crate::index::{Framing, HeadScan, Index, MAX_MESSAGE, leading_line_ends};
use crate::message::Message;

/// Cuts a TCP or TLS stream into messages (RFC 3261 §18.3, RFC 5626 §4.4.1).
///
/// The shell pushes what it read and polls until nothing is left:
///
/// ```
/// use offhook_sip_message::{Framed, StreamFramer};
///
/// let mut framer = StreamFramer::new(16_384);
/// framer.push(b"\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r");
/// assert!(matches!(framer.poll()?, Some(Framed::Ping)));
/// assert!(framer.poll()?.is_none());
/// framer.push(b"\n");
/// assert!(matches!(framer.poll()?, Some(Framed::Message(_))));
/// # Ok::<(), offhook_sip_message::ParseError>(())
/// ```
///
/// Each octet is looked at once, however small the reads are. An error is final: where one message does not say
/// where it ends, the next cannot be found, so the connection has to be closed.
#[derive(Debug)]
pub struct StreamFramer {
    buffer: Vec<u8>,
    /// Octets of the buffer that are dealt with.
    done: usize,
    max_head: usize,
    state: State,
    /// The head that is being read. It lives on its own as it is too large to move about.
    index: Box<Index>,
}

/// What a stream held.
#[derive(Clone, Debug)]
pub enum Framed {
    /// A whole message.
    Message(Message),
    /// CRLF CRLF: a keep-alive that is to be answered with CRLF.
    Ping,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between messages: line ends may stand here.
    Idle,
    /// Inside a head.
    Head(HeadScan),
    /// The head is read, the body is not all there.
    Body { head: usize, length: usize },
    /// The stream can no longer be cut.
    Broken(ParseError),
}

/// How many octets of room a connection keeps between messages.
const KEPT: usize = 4096;

const PING: &[u8] = b"\r\n\r\n";

impl StreamFramer {
    /// A framer that refuses heads longer than `max_head` octets and messages longer than [`MAX_MESSAGE`].
    #[must_use]
    pub fn new(max_head: usize) -> Self {
        Self {
            buffer: Vec::new(),
            done: 0,
            max_head: max_head.min(MAX_MESSAGE),
            state: State::Idle,
            index: Box::new(Index::empty()),
        }
    }

    /// Takes what was read from the stream. Poll until nothing is left before the next push: the buffer holds what
    /// was pushed and one unfinished message.
    pub fn push(&mut self, octets: &[u8]) {
        if matches!(self.state, State::Broken(_)) {
            return;
        }
        if self.done > 0 {
            self.buffer.drain(..self.done);
            self.done = 0;
            // One large message must not cost an idle connection its size for ever.
            self.buffer.shrink_to(KEPT);
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next message or keep-alive; `None` where more has to be read first.
    ///
    /// # Errors
    ///
    /// A fault after which the stream cannot be cut any more; every later poll returns it again.
    pub fn poll(&mut self) -> Result<Option<Framed>, ParseError> {
        match self.step() {
            Ok(framed) => Ok(framed),
            Err(fault) => {
                self.state = State::Broken(fault);
                Err(fault)
            }
        }
    }

    /// How many octets wait for the rest of their message. A shell that sees this above zero for too long closes
    /// the connection.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len().saturating_sub(self.done)
    }

    /// After an error, what can be read of the message that caused it, so that it can be answered before the
    /// connection is closed.
    #[must_use]
    pub fn salvage(&self) -> Option<Message> {
        let rest = self.rest();
        let window = rest.get(..MAX_MESSAGE).unwrap_or(rest);
        Message::salvage(Bytes::copy_from_slice(window))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    fn step(&mut self) -> Result<Option<Framed>, ParseError> {
        loop {
            let rest = self.buffer.get(self.done..).unwrap_or_default();
            match &mut self.state {
                State::Idle if rest.starts_with(PING) => {
                    self.done += PING.len();
                    return Ok(Some(Framed::Ping));
                }
                // It may yet become a ping.
                State::Idle if PING.starts_with(rest) => return Ok(None),
                State::Idle if leading_line_ends(rest.get(..1).unwrap_or_default()) > 0 => {
                    self.done += 1
                }
                State::Idle => {
                    *self.index = Index::empty();
                    self.state = State::Head(HeadScan::default());
                }
                State::Head(scan) => {
                    let window = rest.get(..self.max_head).unwrap_or(rest);
                    let Some(head) = scan.advance(&mut self.index, window)? else {
                        return if rest.len() >= self.max_head {
                            Err(ParseError::TooLarge)
                        } else {
                            Ok(None)
                        };
                    };
                    scan.verdict()?;
                    let length = self
                        .index
                        .content_length(rest)?
                        .ok_or(ParseError::ContentLengthMissing)?;
                    self.index.set_body(head, length)?;
                    self.state = State::Body { head, length };
                }
                State::Body { head, length } => {
                    let Some(raw) = rest.get(..*head + *length) else {
                        return Ok(None);
                    };
                    debug_assert_eq!(
                        self.index.body_length(raw, *head, Framing::Stream),
                        Ok(*length)
                    );
                    let message =
                        Message::new(Bytes::copy_from_slice(raw), Index::clone(&self.index));
                    self.done += raw.len();
                    self.state = State::Idle;
                    return Ok(Some(Framed::Message(message)));
                }
                State::Broken(fault) => return Err(*fault),
            }
        }
    }
}

use std::sync::Arc;

use bytes::Bytes;

use crate::error::ParseError;
use crate::index::{Framing, Index};
use crate::name::Name;
use crate::view::View;

/// A message that owns its octets. A clone shares them.
#[derive(Clone)]
pub struct Message {
    raw: Bytes,
    index: Arc<Index>,
}

impl Message {
    /// Indexes one message and keeps its octets.
    ///
    /// # Errors
    ///
    /// Those of [`Index::parse`].
    pub fn parse(raw: Bytes, framing: Framing) -> Result<Self, ParseError> {
        let index = Index::parse(&raw, framing)?;
        Ok(Self::new(raw, index))
    }

    /// What can be read of a message that [`Message::parse`] refuses; see [`Index::salvage`].
    #[must_use]
    pub fn salvage(raw: Bytes) -> Option<Self> {
        let index = Index::salvage(&raw)?;
        Some(Self::new(raw, index))
    }

    pub(crate) fn new(raw: Bytes, index: Index) -> Self {
        Self {
            raw,
            index: Arc::new(index),
        }
    }

    /// Typed access to the message.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.raw, &self.index)
    }

    /// The same message with another body; `None` when that is too long.
    #[must_use]
    pub fn with_body(&self, body: &[u8]) -> Option<Self> {
        let length = body.len().to_string();
        let mut out = Vec::with_capacity(self.raw.len() + body.len());
        let mut from = 0;
        for slot in self.index.slots() {
            if slot.id == Name::ContentLength {
                let value = slot.value.range();
                out.extend_from_slice(self.raw.get(from..value.start)?);
                out.extend_from_slice(length.as_bytes());
                from = value.end;
            }
        }
        out.extend_from_slice(self.raw.get(from..self.index.body().range().start)?);
        out.extend_from_slice(body);
        Self::parse(out.into(), Framing::Datagram).ok()
    }

    /// The octets as they arrived.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Numbers and addresses of people stay out of logs: only what kind of message it is.
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.to_owned().into(), Framing::Datagram).expect("a message")
    }

    const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n";

    #[test]
    fn another_body_has_its_own_length_and_the_headers_stay() {
        for (length, expected) in [("l: 3\r\n", "l: 5\r\n"), ("", "")] {
            let before = message(&format!("{HEAD}{length}Content-Type: x/y\r\n\r\nabc"));
            let after = before.with_body(b"hello").expect("a message");
            let text = format!("{HEAD}{expected}Content-Type: x/y\r\n\r\nhello");
            assert_eq!(after.raw().as_ref(), text.as_bytes());
            assert_eq!(after.view().body(), b"hello");
            assert_eq!(after.view().content_type(), Some(&b"x/y"[..]));
        }
    }

    #[test]
    fn a_body_that_is_too_long_is_refused() {
        let before = message(&format!("{HEAD}Content-Length: 3\r\n\r\nabc"));
        assert!(before.with_body(&[b'x'; 70_000]).is_none());
    }
}

use std::sync::Arc;

use bytes::Bytes;

use crate::error::ParseError;
use crate::index::{Framing, Index};
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

//! A binding: one contact of one phone, and the flow it is reached by.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use offhook_base::Wall;
use serde::{Deserialize, Serialize};

use crate::Peer;

/// Names one binding of a phone across refreshes and restarts: its instance (RFC 5626) or else its contact URI.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct BindingKey(pub Arc<str>);

impl BindingKey {
    /// The key as text, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One contact of a phone.
///
/// Octets are kept as they came; as JSON each stands for the character of the same number (Latin-1), so that any
/// octets come back as they were.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Binding {
    /// Its name among the phone's bindings.
    pub key: BindingKey,
    /// The contact URI: the Request-URI of what we send there.
    #[serde(with = "latin1")]
    pub contact: Bytes,
    /// Path values in order (RFC 3327): the Route of what we send there.
    #[serde(with = "latin1::list", default)]
    pub path: Vec<Bytes>,
    /// The flow it registered from; requests go back there, whatever the contact says.
    pub peer: Peer,
    /// User-Agent of the phone, empty when it does not say.
    #[serde(with = "latin1", default)]
    pub user_agent: Bytes,
    /// `+sip.instance` (RFC 5626).
    #[serde(with = "latin1", default)]
    pub instance: Bytes,
    /// When it runs out.
    pub expires_at: Wall,
    /// Call-ID of the REGISTER that made or refreshed it.
    #[serde(with = "latin1")]
    pub call_id: Bytes,
    /// CSeq of that REGISTER.
    pub cseq: u32,
}

/// Octets as text of the same length in characters.
mod latin1 {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn text(octets: &[u8]) -> String {
        octets.iter().map(|octet| char::from(*octet)).collect()
    }

    pub(super) fn octets<E: de::Error>(text: &str) -> Result<Bytes, E> {
        text.chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| E::custom("character above U+00FF")))
            .collect::<Result<Vec<u8>, E>>()
            .map(Bytes::from)
    }

    pub(super) fn serialize<S: Serializer>(octets: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(octets))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        octets(&String::deserialize(from)?)
    }

    pub(super) mod list {
        use bytes::Bytes;
        use serde::{Deserialize, Deserializer, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            list: &[Bytes],
            to: S,
        ) -> Result<S::Ok, S::Error> {
            to.collect_seq(list.iter().map(|octets| super::text(octets)))
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Vec<Bytes>, D::Error> {
            Vec::<String>::deserialize(from)?
                .iter()
                .map(|text| super::octets(text))
                .collect()
        }
    }
}

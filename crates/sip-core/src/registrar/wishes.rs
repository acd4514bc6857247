//! What a REGISTER wishes, read from the message.

use std::sync::Arc;

use bytes::Bytes;
use offhook_sip_message::{Contact, Message, Name, NameAddr, Uri};

use super::{Binding, BindingKey, Registration};
use crate::Peer;

/// The contacts of a REGISTER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wishes {
    /// None: the answer lists what is there.
    Query,
    /// `*` with Expires 0.
    RemoveAll,
    /// These.
    Contacts(Vec<Wish>),
}

/// One contact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wish {
    /// The binding it is about.
    pub(crate) key: BindingKey,
    /// Its URI.
    pub(crate) contact: Bytes,
    /// `+sip.instance`, or empty.
    pub(crate) instance: Bytes,
    /// Seconds it wants to live; 0 removes; `None` leaves it to us.
    pub(crate) seconds: Option<u32>,
}

/// The contacts of a REGISTER make no sense: 400.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unreadable;

impl Wish {
    /// Whether it means this binding: the same device, or the same contact from before it named its device.
    pub(crate) fn is_for(&self, binding: &Binding) -> bool {
        self.key == binding.key || self.contact == binding.contact
    }
}

impl Wishes {
    /// Reads the contacts.
    pub(crate) fn of(request: &Message) -> Result<Self, Unreadable> {
        let view = request.view();
        let general = view.expires();
        let mut wishes = Vec::new();
        for (place, contact) in view.contacts().enumerate() {
            match contact {
                // `*` stands alone and removes everything (10.3, step 6).
                Ok(Contact::Wildcard) => {
                    let alone = place == 0 && view.contacts().nth(1).is_none();
                    return match general {
                        Some(0) if alone => Ok(Self::RemoveAll),
                        _ => Err(Unreadable),
                    };
                }
                Ok(Contact::Address(address)) if place < MAX_WISHES => {
                    wishes.push(wish(&address, general).ok_or(Unreadable)?);
                }
                Ok(Contact::Address(_)) | Err(_) => return Err(Unreadable),
            }
        }
        Ok(if wishes.is_empty() {
            Self::Query
        } else {
            Self::Contacts(wishes)
        })
    }
}

impl Registration {
    /// What a REGISTER says besides its contacts. `None` without Call-ID or CSeq.
    pub(crate) fn of(request: &Message, peer: Peer) -> Option<Self> {
        let view = request.view();
        let path = view.elements(Name::Path).take(MAX_PATH);
        Some(Self {
            call_id: own(view.call_id()?),
            cseq: view.cseq()?.number,
            path: path.map(own).collect(),
            peer,
            user_agent: own(view.header(Name::UserAgent).unwrap_or_default()),
        })
    }
}

fn wish(address: &NameAddr<'_>, general: Option<u32>) -> Option<Wish> {
    let uri = address.parsed_uri()?;
    if !uri.scheme.eq_ignore_ascii_case(b"sip") && !uri.is_secure() {
        return None;
    }
    let instance = address.params.get("+sip.instance").unwrap_or_default();
    let key = match instance {
        [] => contact_key(&uri),
        instance => instance_key(instance, address.params.get("reg-id").unwrap_or_default()),
    };
    let seconds = match address.params.find("expires") {
        Some(_) => address.expires(),
        None => general,
    };
    Some(Wish {
        key: BindingKey(Arc::from(key)),
        contact: own(address.uri),
        instance: own(instance),
        seconds,
    })
}

/// The device and which of its flows (RFC 5626 6).
fn instance_key(instance: &[u8], reg_id: &[u8]) -> String {
    let mut key = String::from("instance:");
    push_text(&mut key, instance, false);
    if !reg_id.is_empty() {
        key.push('#');
        push_text(&mut key, reg_id, false);
    }
    key
}

/// The parts of a URI that say where a message goes (19.1.4): user, host, port, transport.
fn contact_key(uri: &Uri<'_>) -> String {
    let mut key = String::from("contact:");
    push_text(&mut key, uri.scheme, true);
    key.push(':');
    if let Some(user) = uri.user {
        push_text(&mut key, user, false);
        key.push('@');
    }
    push_text(&mut key, uri.host, true);
    if let Some(port) = uri.port {
        key.push(':');
        key.push_str(&port.to_string());
    }
    if let Some(transport) = uri.params.get("transport") {
        key.push_str(";transport=");
        push_text(&mut key, transport, true);
    }
    key
}

/// Appends octets as text, each as the character of its number.
fn push_text(text: &mut String, octets: &[u8], lower: bool) {
    text.extend(octets.iter().map(|octet| {
        char::from(if lower {
            octet.to_ascii_lowercase()
        } else {
            *octet
        })
    }));
}

/// A copy that does not keep the whole REGISTER in memory.
fn own(octets: &[u8]) -> Bytes {
    Bytes::copy_from_slice(octets)
}

/// Contacts of one REGISTER that are read.
const MAX_WISHES: usize = 32;
/// Path values that are remembered.
const MAX_PATH: usize = 8;

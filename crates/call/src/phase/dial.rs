//! How a target is invited: who is said to call, and with what.

use std::net::IpAddr;

use bytes::Bytes;
use offhook_base::PhoneId;
use offhook_sip_core::{Binding, Body, Headers, InviteOut, Target};

use crate::convey;
use crate::record::Participant;

/// What every INVITE on behalf of a waiting party carries.
#[derive(Debug)]
pub(crate) struct Dial {
    /// The name that is shown.
    pub(crate) name: String,
    /// The number that is shown.
    pub(crate) number: String,
    pub(crate) max_forwards: u8,
    pub(crate) headers: Headers,
    /// The offer; none for a delayed one.
    pub(crate) body: Option<Body>,
}

/// One contact that can be invited.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) target: Target,
    /// The phone behind it; none behind a trunk.
    pub(crate) phone: Option<PhoneId>,
    /// User-Agent told at registration.
    pub(crate) ua: String,
    /// Contact URI.
    pub(crate) contact: String,
    /// The host that its signalling comes from.
    pub(crate) host: IpAddr,
}

impl Reach {
    /// A contact of a phone.
    pub(crate) fn of(phone: PhoneId, binding: &Binding) -> Self {
        Self {
            target: Target::from(binding),
            phone: Some(phone),
            ua: convey::text(Some(binding.user_agent.as_ref())),
            contact: convey::text(Some(binding.contact.as_ref())),
            host: binding.peer.addr.ip(),
        }
    }
}

impl Dial {
    /// Calls in the name of a party that is in a dialog with us already.
    pub(crate) fn of(party: &Participant, headers: Headers) -> Self {
        Self {
            name: party.name.clone(),
            number: party.number.clone(),
            max_forwards: 70,
            headers,
            body: None,
        }
    }

    /// The INVITE to `dialled`; `host` is ours.
    pub(crate) fn invite(&self, host: &str, dialled: &str) -> InviteOut {
        let name = self.name.replace(['"', '\\', '\r', '\n', '\0'], "'");
        InviteOut {
            from: Bytes::from(format!("\"{name}\" <sip:{}@{host}>", self.number)),
            to: Bytes::from(format!("<sip:{dialled}@{host}>")),
            max_forwards: self.max_forwards,
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }
}

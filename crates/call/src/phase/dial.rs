//! How a target is invited: who is said to call, and with what.

use std::net::IpAddr;

use bytes::Bytes;
use offhook_base::{PhoneId, TrunkId};
use offhook_sip_core::{Binding, Body, FlowId, Headers, InviteOut, Peer, Target, Transport};
use offhook_sip_message::{Name, percent_encode_user};

use crate::convey;
use crate::directory::Trunk;
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

/// Who is said to call, outside.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) name: &'a str,
    pub(crate) number: &'a str,
    /// Whom it calls shall not know.
    pub(crate) hidden: bool,
}

/// One contact that can be invited.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) target: Target,
    /// The phone behind it; none behind a trunk.
    pub(crate) phone: Option<PhoneId>,
    /// The trunk that it goes by.
    pub(crate) trunk: Option<TrunkId>,
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
            trunk: None,
            ua: convey::text(Some(binding.user_agent.as_ref())),
            contact: convey::text(Some(binding.contact.as_ref())),
            host: binding.peer.addr.ip(),
        }
    }
}

impl Reach {
    /// A number behind a trunk; `None` while its host does not resolve.
    pub(crate) fn by_trunk(trunk: &Trunk, number: &str) -> Option<Self> {
        let addr = *trunk.addresses.first()?;
        let uri = format!("sip:{}@{}", user_part(number), trunk.host);
        let peer = Peer {
            flow: FlowId::udp(0),
            addr,
            transport: Transport::Udp,
        };
        Some(Self {
            target: Target {
                uri: Bytes::from(uri.clone()),
                route: Vec::new(),
                peer,
            },
            phone: None,
            trunk: Some(trunk.id),
            ua: String::new(),
            contact: uri,
            host: addr.ip(),
        })
    }
}

impl Dial {
    /// The INVITE to `number` by a trunk (RFC 3325 §9.1: we assert who calls). Who does not want to be known is known to
    /// the trunk alone (RFC 3323 §4.1, RFC 3325 §9.3).
    pub(crate) fn invite_by(
        &self,
        trunk: &Trunk,
        host: &str,
        shown: &Shown<'_>,
        number: &str,
    ) -> InviteOut {
        let ours = if trunk.from_domain.is_empty() {
            host
        } else {
            &trunk.from_domain
        };
        let mut invite = self.invite(ours, number);
        let identity = format!("<sip:{}@{ours}>", user_part(shown.number));
        invite.to = Bytes::from(format!("<sip:{}@{}>", user_part(number), trunk.host));
        invite.from = if shown.hidden {
            invite.headers.retain(|(name, _)| !tells_who_calls(name));
            let privacy = (Bytes::from_static(b"Privacy"), Bytes::from_static(b"id"));
            invite.headers.push(privacy);
            Bytes::from_static(b"\"Anonymous\" <sip:anonymous@anonymous.invalid>")
        } else {
            Bytes::from(format!("\"{}\" {identity}", quoted(shown.name)))
        };
        invite.headers.push((
            Bytes::from_static(b"P-Asserted-Identity"),
            Bytes::from(identity),
        ));
        invite
    }

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
        let name = quoted(&self.name);
        let number = user_part(&self.number);
        InviteOut {
            from: Bytes::from(format!("\"{name}\" <sip:{number}@{host}>")),
            to: Bytes::from(format!("<sip:{}@{host}>", user_part(dialled))),
            max_forwards: self.max_forwards,
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }
}

/// A number as the user part of a URI.
pub(crate) fn user_part(number: &str) -> String {
    let mut octets = Vec::with_capacity(number.len());
    percent_encode_user(number.as_bytes(), &mut octets);
    convey::text(Some(&octets))
}

fn quoted(name: &str) -> String {
    name.replace(['"', '\\', '\r', '\n', '\0'], "'")
}

/// Whether a header that passes would tell who calls.
fn tells_who_calls(name: &[u8]) -> bool {
    matches!(
        Name::parse(name),
        Name::CallInfo | Name::Organization | Name::ReferredBy
    )
}

//! What a dialog must remember (RFC 3261 12).

use bytes::Bytes;
use offhook_sip_message::{Contact, Message, Name, View};

use crate::transaction::Tag;
use crate::wire::part;
use crate::{Body, Headers, Peer};

/// A dialog with one peer, early or confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    /// Call-ID.
    pub(crate) call_id: Bytes,
    /// Our From or To, with our tag.
    pub(crate) local: Bytes,
    /// Our tag.
    pub(crate) local_tag: Tag,
    /// The peer's From or To, with its tag.
    pub(crate) remote: Bytes,
    /// The peer's tag; empty for a client of RFC 2543.
    pub(crate) remote_tag: Bytes,
    /// The peer's Contact: the Request-URI of our requests.
    pub(crate) target: Bytes,
    /// The Route of our requests.
    pub(crate) route: Vec<Bytes>,
    /// The CSeq of our last request.
    pub(crate) local_cseq: u32,
    /// The CSeq of the peer's last request.
    pub(crate) remote_cseq: Option<u32>,
    /// Where our requests go: the flow that the peer was last heard on.
    pub(crate) peer: Peer,
}

/// How the CSeq of a request in a dialog stands to the last one (12.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sequence {
    /// Higher: to be processed.
    Next,
    /// Not higher: 500.
    Old,
}

impl Dialog {
    /// The dialog that an INVITE received opens (12.1.1). `None` without a usable Contact.
    pub(crate) fn of_invite(invite: &Message, local_tag: Tag, peer: Peer) -> Option<Self> {
        let view = invite.view();
        let keep = |octets: &[u8]| part(invite, octets);
        let to = view.header(Name::To)?;
        let mut local = Vec::with_capacity(to.len() + 21);
        local.extend_from_slice(to);
        local.extend_from_slice(format!(";tag={local_tag}").as_bytes());
        Some(Self {
            call_id: keep(view.call_id()?),
            local: Bytes::from(local),
            local_tag,
            remote: keep(view.header(Name::From)?),
            remote_tag: keep(view.from_tag().unwrap_or_default()),
            target: keep(contact_of(view)?),
            route: route_elements(view).map(keep).collect(),
            local_cseq: 0,
            remote_cseq: Some(view.cseq()?.number),
            peer,
        })
    }

    /// The dialog that a response to our INVITE opens (12.1.2).
    ///
    /// `target` stands in for a Contact that the response should have had.
    pub(crate) fn of_response(
        response: &Message,
        local_tag: Tag,
        target: &Bytes,
        peer: Peer,
    ) -> Option<Self> {
        let view = response.view();
        let keep = |octets: &[u8]| part(response, octets);
        let mut route: Vec<_> = route_elements(view).map(keep).collect();
        route.reverse();
        Some(Self {
            call_id: keep(view.call_id()?),
            local: keep(view.header(Name::From)?),
            local_tag,
            remote: keep(view.header(Name::To)?),
            remote_tag: keep(view.to_tag().unwrap_or_default()),
            target: contact_of(view).map_or_else(|| target.clone(), keep),
            route,
            local_cseq: view.cseq()?.number,
            remote_cseq: None,
            peer,
        })
    }

    /// Whether a message of the peer with this tag and Call-ID belongs here.
    pub(crate) fn is_with(&self, call_id: Option<&[u8]>, remote_tag: Option<&[u8]>) -> bool {
        call_id == Some(&*self.call_id) && remote_tag.unwrap_or_default() == &*self.remote_tag
    }

    /// Takes note of the CSeq of a request.
    pub(crate) fn sequence(&mut self, number: u32) -> Sequence {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return Sequence::Old;
        }
        self.remote_cseq = Some(number);
        Sequence::Next
    }

    /// Takes the Contact of a target refresh (12.2.1.2, 12.2.2; RFC 3311).
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(contact) = contact_of(message.view()) {
            self.target = part(message, contact);
        }
    }

    /// The CSeq of our next request.
    pub(crate) const fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.wrapping_add(1);
        self.local_cseq
    }
}

/// The URI of the first Contact, when it is one that requests can be sent to.
pub(super) fn contact_of(view: View<'_>) -> Option<&[u8]> {
    let Some(Ok(Contact::Address(address))) = view.contacts().next() else {
        return None;
    };
    let uri = address.parsed_uri()?;
    (uri.scheme.eq_ignore_ascii_case(b"sip") || uri.is_secure()).then_some(address.uri)
}

/// Record-Route in order.
fn route_elements(view: View<'_>) -> impl Iterator<Item = &[u8]> {
    view.elements(Name::RecordRoute).take(MAX_ROUTES)
}

/// Routes of one dialog that are remembered; no path is that long.
const MAX_ROUTES: usize = 16;

/// A body as the writer takes it.
pub(super) fn body_of(body: Option<&Body>) -> Option<(&[u8], &[u8])> {
    body.map(|body| (&*body.content_type, &*body.octets))
}

/// No headers.
pub(crate) const NO_HEADERS: &Headers = &Vec::new();

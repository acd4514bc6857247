//! Responses.

use offhook_sip_message::{Name, NameAddr, Uri, View, Writer};

use super::dialog::body_of;
use super::{Locals, pass_through, reason_phrase};
use crate::transaction::Tag;
use crate::{Body, Headers, Peer};

/// What a response carries beyond what it copies from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra<'a> {
    /// Reason phrase; empty means the usual one.
    pub(crate) reason: &'a [u8],
    /// Our tag, for a request without To tag.
    pub(crate) tag: Option<Tag>,
    /// Contact and, for an INVITE without To tag, Record-Route: the response opens or refreshes a dialog.
    pub(crate) contact: bool,
    /// Headers of our own making.
    pub(crate) own: &'a [(&'a str, &'a [u8])],
    /// Headers passed through.
    pub(crate) headers: &'a Headers,
    /// The body.
    pub(crate) body: Option<&'a Body>,
}

impl Extra<'static> {
    /// Nothing.
    pub(crate) const NONE: Self = Self {
        reason: b"",
        tag: None,
        contact: false,
        own: &[],
        headers: super::dialog::NO_HEADERS,
        body: None,
    };
}

/// Writes the response to a request.
pub(crate) fn respond(
    out: &mut Vec<u8>,
    locals: &Locals,
    request: View<'_>,
    peer: &Peer,
    status: u16,
    extra: &Extra<'_>,
) {
    out.clear();
    let reason = match extra.reason {
        [] => reason_phrase(status).as_bytes(),
        given => given,
    };
    let mut digits = [0; 16];
    let tag = extra.tag.map(|tag| tag.write(&mut digits));
    let mut writer = Writer::respond(out, request, status, reason, tag, Some(peer.addr));
    if extra.contact {
        if request.to_tag().is_none() {
            writer.copy(request, Name::RecordRoute);
        }
        let contact = locals.of(peer).contact(|| wants_sips(request));
        writer.header("Contact", contact);
        if (200..300).contains(&status) {
            writer.header("Allow", &locals.allow);
        }
    }
    for (name, value) in extra.own {
        writer.header(name, value);
    }
    pass_through(&mut writer, extra.headers);
    if status > 100 {
        writer.header("Server", &locals.user_agent);
    }
    writer.finish(body_of(extra.body));
}

/// Whether the Contact of our answer has to be a sips URI (12.1.1): the request's URI is one, or its first
/// Record-Route, or its Contact where there is no Record-Route.
fn wants_sips(request: View<'_>) -> bool {
    let is_secure =
        |uri: Option<&[u8]>| uri.and_then(Uri::parse).is_some_and(|uri| uri.is_secure());
    let next = match request.elements(Name::RecordRoute).next() {
        Some(first) => NameAddr::parse(first).map(|first| first.uri),
        None => super::dialog::contact_of(request),
    };
    is_secure(request.request_uri()) || is_secure(next)
}

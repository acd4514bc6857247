//! Requests.

use bytes::Bytes;
use offhook_sip_message::{Framing, Index, Message, Method, Name, NameAddr, Uri, View, Writer};

use super::dialog::body_of;
use super::{Dialog, Local, Locals, pass_through};
use crate::transaction::{Branch, Tag};
use crate::{Body, Headers, InviteOut, OutsideRequest, Target};

/// What an INVITE of ours needs besides what the owner gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewInvite<'a> {
    pub(crate) local: &'a Local,
    pub(crate) branch: Branch,
    pub(crate) tag: Tag,
    pub(crate) call_id: &'a [u8],
    pub(crate) target: &'a Target,
    pub(crate) invite: &'a InviteOut,
}

/// Writes the INVITE that opens a leg.
pub(crate) fn invite(out: &mut Vec<u8>, locals: &Locals, new: &NewInvite<'_>) {
    out.clear();
    let NewInvite {
        local,
        branch,
        tag,
        call_id,
        target,
        invite,
    } = new;
    let mut writer = start(out, b"INVITE", &target.uri, &target.route);
    via(&mut writer, local, *branch);
    max_forwards(&mut writer, invite.max_forwards);
    writer
        .header("From", tagged(&invite.from, *tag))
        .header("To", &invite.to)
        .header("Call-ID", call_id)
        .header("CSeq", "1 INVITE")
        .header(
            "Contact",
            local.contact(|| is_sips(&target.uri, &target.route)),
        )
        .header("Allow", &locals.allow);
    pass_through(&mut writer, &invite.headers);
    writer.header("User-Agent", &locals.user_agent);
    writer.finish(body_of(invite.body.as_ref()));
}

/// What a request of ours outside any dialog needs besides what the owner gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewOutside<'a> {
    pub(crate) local: &'a Local,
    pub(crate) branch: Branch,
    pub(crate) tag: Tag,
    pub(crate) call_id: &'a [u8],
    pub(crate) target: &'a Target,
    pub(crate) request: &'a OutsideRequest,
}

/// Writes a request outside any dialog. It has no Contact: RFC 3428 4 forbids it in MESSAGE, and no other needs it.
pub(crate) fn outside(out: &mut Vec<u8>, locals: &Locals, new: &NewOutside<'_>) {
    out.clear();
    let NewOutside {
        local,
        branch,
        tag,
        call_id,
        target,
        request,
    } = new;
    let mut writer = start(out, &request.method, &target.uri, &target.route);
    via(&mut writer, local, *branch);
    max_forwards(&mut writer, 70);
    writer
        .header("From", tagged(&request.from, *tag))
        .header("To", &request.to)
        .header("Call-ID", call_id)
        .header_fmt("CSeq", format_args!("1 {}", token(&request.method)));
    pass_through(&mut writer, &request.headers);
    writer.header("User-Agent", &locals.user_agent);
    writer.finish(body_of(request.body.as_ref()));
}

/// Writes a request inside a dialog. A Contact is added where it refreshes the target.
#[expect(
    clippy::too_many_arguments,
    reason = "each of them is one line of the request"
)]
pub(crate) fn in_dialog(
    out: &mut Vec<u8>,
    locals: &Locals,
    dialog: &Dialog,
    branch: Branch,
    method: &[u8],
    cseq: u32,
    headers: &Headers,
    body: Option<&Body>,
) {
    out.clear();
    let local = locals.of(&dialog.peer);
    let mut writer = start(out, method, &dialog.target, &dialog.route);
    via(&mut writer, local, branch);
    max_forwards(&mut writer, 70);
    writer
        .header("From", &dialog.local)
        .header("To", &dialog.remote)
        .header("Call-ID", &dialog.call_id)
        .header_fmt("CSeq", format_args!("{cseq} {}", token(method)));
    let contact = local.contact(|| is_sips(&dialog.target, &dialog.route));
    match Method::parse(method) {
        Method::Invite => {
            writer
                .header("Contact", contact)
                .header("Allow", &locals.allow);
        }
        Method::Notify | Method::Refer | Method::Subscribe | Method::Update => {
            writer.header("Contact", contact);
        }
        Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Info
        | Method::Message
        | Method::Options
        | Method::Prack
        | Method::Publish
        | Method::Register
        | Method::Other => {}
    }
    pass_through(&mut writer, headers);
    writer.header("User-Agent", &locals.user_agent);
    writer.finish(body_of(body));
}

/// The ACK to a final response of 300 or above (17.1.1.3): the INVITE's own Request-URI, Via and Route.
pub(crate) fn ack_to_refusal(out: &mut Vec<u8>, invite: &Bytes, response: View<'_>) -> Bytes {
    from_invite(out, invite, Method::Ack, response.header(Name::To), None)
}

/// The CANCEL of an INVITE (9.1).
pub(crate) fn cancel(out: &mut Vec<u8>, invite: &Bytes, reason: Option<&[u8]>) -> Bytes {
    from_invite(out, invite, Method::Cancel, None, reason)
}

fn from_invite(
    out: &mut Vec<u8>,
    invite: &Bytes,
    method: Method,
    to: Option<&[u8]>,
    reason: Option<&[u8]>,
) -> Bytes {
    out.clear();
    // We wrote the INVITE ourselves, so it can be read.
    let Ok(index) = Index::parse(invite, Framing::Datagram) else {
        return Bytes::new();
    };
    let view = View::new(invite, &index);
    let uri = view.request_uri().unwrap_or_default();
    let number = view.cseq().map_or(0, |cseq| cseq.number);
    let mut writer = Writer::request(out, method.as_bytes(), uri);
    writer.copy(view, Name::Via).copy(view, Name::Route);
    max_forwards(&mut writer, 70);
    writer.copy(view, Name::From);
    writer
        .header(
            "To",
            to.or_else(|| view.header(Name::To)).unwrap_or_default(),
        )
        .copy(view, Name::CallId)
        .header_fmt("CSeq", format_args!("{number} {}", method.as_str()));
    if let Some(reason) = reason {
        writer.header("Reason", reason);
    }
    writer.finish(None);
    Bytes::copy_from_slice(out)
}

/// The dialog of a 2xx that nobody wants, from which its ACK and its BYE are made (13.2.2.4).
pub(crate) fn answer_stray_2xx(response: &Message, peer: crate::Peer) -> Option<Dialog> {
    let tag = Tag::parse(response.view().from_tag()?)?;
    let to = response.view().to()?;
    Dialog::of_response(response, tag, &super::part(response, to.uri), peer)
}

/// Starts a request: Request-Line and Route.
///
/// A first route without `lr` is a strict router (12.2.1.1): it becomes the Request-URI, and the target goes last.
fn start<'o>(out: &'o mut Vec<u8>, method: &[u8], target: &[u8], route: &[Bytes]) -> Writer<'o> {
    let first = route.first().and_then(|first| NameAddr::parse(first));
    let strict = first.filter(|first| first.parsed_uri().is_some_and(|uri| !uri.params.has("lr")));
    let Some(strict) = strict else {
        let mut writer = Writer::request(out, method, target);
        for element in route {
            writer.header("Route", element);
        }
        return writer;
    };
    let mut writer = Writer::request(out, method, strict.uri);
    for element in route.iter().skip(1) {
        writer.header("Route", element);
    }
    writer.header("Route", [b"<", target, b">"].concat());
    writer
}

/// Whether a request to this target by this route needs a sips URI in its Contact (8.1.1.8).
fn is_sips(target: &[u8], route: &[Bytes]) -> bool {
    let top = route.first().and_then(|first| NameAddr::parse(first));
    let uris = [Some(target), top.map(|top| top.uri)];
    uris.into_iter()
        .flatten()
        .filter_map(Uri::parse)
        .any(|uri| uri.is_secure())
}

/// A name-addr with our tag behind it.
fn tagged(address: &[u8], tag: Tag) -> Vec<u8> {
    let mut digits = [0; 16];
    [address, b";tag=", tag.write(&mut digits).as_bytes()].concat()
}

fn via(writer: &mut Writer<'_>, local: &Local, branch: Branch) {
    writer.header_fmt(
        "Via",
        format_args!("{};rport;branch={branch}", local.sent_by),
    );
}

fn max_forwards(writer: &mut Writer<'_>, hops: u8) {
    writer.header_fmt("Max-Forwards", format_args!("{hops}"));
}

/// A method as text; what is no token never was a method.
fn token(method: &[u8]) -> &str {
    std::str::from_utf8(method).unwrap_or("_")
}

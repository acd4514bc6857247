//! How our messages are made: Via, From, To, Contact and the rest are put together here and nowhere else.

mod dialog;
mod local;
mod reason;
mod requests;
mod responses;

pub(crate) use dialog::{Dialog, NO_HEADERS, Sequence};
pub(crate) use local::{Local, Locals};
pub(crate) use reason::reason_phrase;
pub(crate) use requests::{
    NewInvite, NewOutside, ack_to_refusal, answer_stray_2xx, cancel, in_dialog, invite, outside,
};
pub(crate) use responses::{Extra, respond};

use bytes::Bytes;
use offhook_sip_message::{Message, Name, Writer};

use crate::Headers;

/// A part of a message, sharing its octets.
pub(crate) fn part(message: &Message, octets: &[u8]) -> Bytes {
    message.raw().slice_ref(octets)
}

/// Writes the headers passed through, but for those that a Stack writes itself.
fn pass_through(writer: &mut Writer<'_>, headers: &Headers) {
    for (name, value) in headers {
        if !is_ours(Name::parse(name)) {
            writer.header(name, value);
        }
    }
}

/// Headers that belong to one hop or one dialog: what an owner gives under these names is left out.
const fn is_ours(name: Name) -> bool {
    matches!(
        name,
        Name::Allow
            | Name::Authorization
            | Name::CallId
            | Name::Contact
            | Name::ContentLength
            | Name::ContentType
            | Name::CSeq
            | Name::From
            | Name::MaxForwards
            | Name::ProxyAuthorization
            | Name::RecordRoute
            | Name::Route
            | Name::Server
            | Name::To
            | Name::UserAgent
            | Name::Via
    )
}

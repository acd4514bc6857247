//! A new text: what it says, who sends it, whom it reaches; and its event.

use std::sync::Arc;

use bytes::Bytes;
use offhook_base::{
    CallId, EventName, EventRecord, FactRecord, SmsDirection, SmsId, SmsRecord, SmsStatus, UserId,
};
use offhook_sip_core::{Headers, Origin, TxId};
use offhook_sip_message::{Message, Name};
use serde::Serialize;

use super::address::{self, Recipient, Sender};
use super::outgoing::Outgoing;
use super::{
    Asker, Context, TextCommand, TextEffect, TextRefusal, Texts, Uncommitted, accept, refuse, seen,
};
use crate::dialled::{dialled, number_in};
use crate::phase::reply;
use crate::trunks::caller::caller_of;

/// Most characters of a text.
const MAX_CHARS: usize = 1_600;
/// Texts that may wait for the disk; further ones get 503.
const MAX_UNSAFE: usize = 1_000;
/// Copies of one MESSAGE that may wait for the disk, each in a transaction of its own.
const MAX_COPIES: usize = 8;

/// The fields of `sms.received` (contract 1.3).
#[derive(Serialize)]
struct Received<'a> {
    id: &'a str,
    event_time: String,
    event_name: EventName,
    customer_id: u32,
    user_id: Option<UserId>,
    from_no: &'a str,
    to_no: &'a str,
    text: &'a str,
}

impl Texts {
    /// Somebody known sent a MESSAGE. It is answered here, or once it is on the disk.
    pub(crate) fn on_message(
        &mut self,
        cx: &mut Context<'_>,
        tx: TxId,
        from: Origin,
        request: &Message,
    ) {
        let key = seen::key(from, request);
        if let Some(text) = self.seen.text(cx.now.mono, &key) {
            return self.on_copy(cx, tx, text);
        }
        let text = match read(request) {
            Ok(text) => text,
            Err(Unreadable::NotText) => {
                let reply = reply(tx, 415, accepts());
                return cx.effects.push(TextEffect::Sip(Box::new(reply)));
            }
            Err(Unreadable::Refused(refusal)) => return refuse(cx, Asker::Peer(tx), refusal),
        };
        let admitted = route(cx, from, request)
            .and_then(|(sender, reached)| self.admit(cx, sender, reached, text));
        match admitted {
            Ok(id) => {
                self.seen.insert(cx.now.mono, key, id);
                self.await_disk(cx, Asker::Peer(tx), id);
            }
            Err(refusal) => refuse(cx, Asker::Peer(tx), refusal),
        }
    }

    /// A REST client sends a text, or hands one over. The answer comes once it is on the disk.
    pub(crate) fn on_command(&mut self, cx: &mut Context<'_>, command: TextCommand, token: u64) {
        let admitted = match command {
            TextCommand::Inbound { from, to, text } => {
                let sender = Sender::outsider(address::outsider(cx, &number_in(&from)));
                check(&text)
                    .and_then(|()| address::from_carrier(cx, &number_in(&to)))
                    .and_then(|reached| self.admit(cx, sender, reached, text))
            }
            TextCommand::Send {
                by,
                for_others,
                from,
                to,
                text,
            } => {
                let from = from.as_deref().map(number_in);
                check(&text)
                    .and_then(|()| address::sender(cx, by, for_others, from.as_deref()))
                    .and_then(|sender| {
                        let user = sender.user.unwrap_or(by);
                        address::from_user(cx, user, &sender, &number_in(&to))
                            .map(|reached| (sender, reached))
                    })
                    .and_then(|(sender, reached)| self.admit(cx, sender, reached, text))
            }
        };
        match admitted {
            Ok(id) => self.await_disk(cx, Asker::Api(token), id),
            Err(refusal) => refuse(cx, Asker::Api(token), refusal),
        }
    }

    /// The transaction of a MESSAGE had ended, or its sender was restarted: it is answered as the first one was.
    fn on_copy(&mut self, cx: &mut Context<'_>, tx: TxId, text: SmsId) {
        match self.askers(text) {
            Some(askers) if askers.len() >= MAX_COPIES => {
                refuse(cx, Asker::Peer(tx), TextRefusal::Unavailable);
            }
            Some(askers) => askers.push(Asker::Peer(tx)),
            None => accept(cx, Asker::Peer(tx), text),
        }
    }

    /// Who is told once `asker`'s text is on the disk; it was handed over just now, so it cannot be there yet.
    fn await_disk(&mut self, cx: &mut Context<'_>, asker: Asker, text: SmsId) {
        match self.askers(text) {
            Some(askers) => askers.push(asker),
            None => accept(cx, asker, text),
        }
    }

    /// Those who wait for a text to be on the disk; `None` when it is.
    fn askers(&mut self, text: SmsId) -> Option<&mut Vec<Asker>> {
        let uncommitted = self.uncommitted.iter_mut().rev();
        let with_journal = uncommitted
            .into_iter()
            .find(|one| one.text.id == text)
            .map(|one| &mut one.askers);
        with_journal.or_else(|| self.outgoing.get_mut(&text)?.askers())
    }

    fn admit(
        &mut self,
        cx: &mut Context<'_>,
        sender: Sender,
        (recipient, to): (Recipient, String),
        text: String,
    ) -> Result<SmsId, TextRefusal> {
        let is_full = self.uncommitted.len() >= MAX_UNSAFE || self.outgoing_is_full();
        if !cx.is_open || is_full {
            return Err(TextRefusal::Unavailable);
        }
        let CallId(id) = cx.call_ids.next().ok_or(TextRefusal::Unavailable)?;
        let id = SmsId(id);
        if let Some(upto) = cx.call_ids.wants_more() {
            cx.effects.push(TextEffect::ReserveCallIds(upto));
        }
        let mut record = SmsRecord {
            id,
            created_at: cx.now.wall,
            from: sender.number,
            to,
            from_user: sender.user,
            to_user: None,
            direction: SmsDirection::In,
            text,
            status: SmsStatus::Received,
        };
        match recipient {
            Recipient::Nobody => self.record(cx, record),
            Recipient::User(user) => {
                record.to_user = Some(user);
                self.record(cx, record);
            }
            Recipient::Outside(way) => {
                record.direction = SmsDirection::Out;
                record.status = SmsStatus::Queued;
                record.from.clone_from(&way.from);
                self.keep_outgoing(cx, Outgoing::new(record, way));
            }
        }
        Ok(id)
    }

    /// Hands a text to the journal with its event.
    fn record(&mut self, cx: &mut Context<'_>, text: SmsRecord) {
        let text = Arc::new(text);
        // A lane of its own: no call has this number.
        let lane = CallId(text.id.0);
        let event_id = cx.ids.next(cx.now.wall);
        let body = Received {
            id: &event_id,
            event_time: cx.now.wall.to_contract(),
            event_name: EventName::SmsReceived,
            customer_id: self.config.customer_id,
            user_id: text.to_user,
            from_no: &text.from,
            to_no: &text.to,
            text: &text.text,
        };
        // Strings and numbers only: there is nothing in it that could fail to serialise.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let fact = FactRecord {
            event: EventRecord {
                id: event_id,
                root: lane,
                call: lane,
                seq: None,
                name: EventName::SmsReceived,
                context: "".into(),
                is_final: true,
                at: cx.now.wall,
                body: body.into(),
            },
            snapshot: None,
            cdr: None,
            sms: Some(Arc::clone(&text)),
            recording: None,
        };
        let number = (cx.hand_over)();
        cx.effects.push(TextEffect::Record(Box::new(fact)));
        self.uncommitted.push_back(Uncommitted {
            fact: number,
            text,
            askers: Vec::new(),
        });
    }
}

/// Who sends a MESSAGE, as proved, and whom it reaches.
fn route(
    cx: &Context<'_>,
    from: Origin,
    request: &Message,
) -> Result<(Sender, (Recipient, String)), TextRefusal> {
    let to = dialled(request);
    match from {
        Origin::Phone(phone) => {
            let (_, user) = cx
                .directory
                .phone(phone)
                .filter(|(_, user)| user.active)
                .ok_or(TextRefusal::NotYours)?;
            let sender = Sender::user(&user.ext, user.id);
            let reached = address::from_user(cx, user.id, &sender, &to)?;
            Ok((sender, reached))
        }
        Origin::Trunk(trunk) => {
            cx.directory
                .trunk(trunk)
                .filter(|trunk| trunk.active)
                .ok_or(TextRefusal::NotYours)?;
            let (number, _) = caller_of(request, cx.numbering);
            let reached = address::from_trunk(cx, trunk, &to)?;
            Ok((Sender::outsider(number), reached))
        }
    }
}

/// Why a MESSAGE cannot be read as a text.
enum Unreadable {
    NotText,
    Refused(TextRefusal),
}

/// The text of a MESSAGE: plain text, in UTF-8 unless it says otherwise.
fn read(request: &Message) -> Result<String, Unreadable> {
    let view = request.view();
    let octets = view.body();
    if octets.is_empty() {
        return Err(Unreadable::Refused(TextRefusal::Empty));
    }
    // No character has more than four octets. Looked at first, so that no work is done for 64 KB.
    if octets.len() > 4 * MAX_CHARS {
        return Err(Unreadable::Refused(TextRefusal::TooLong));
    }
    let encoded = view
        .header(Name::ContentEncoding)
        .is_some_and(|coding| !coding.trim_ascii().eq_ignore_ascii_case(b"identity"));
    if encoded || !view.has_content_type("text/plain") {
        return Err(Unreadable::NotText);
    }
    let text = if is_latin1(view.content_type().unwrap_or_default()) {
        octets.iter().map(|octet| char::from(*octet)).collect()
    } else {
        String::from_utf8_lossy(octets).into_owned()
    };
    check(&text).map_err(Unreadable::Refused)?;
    Ok(text)
}

fn check(text: &str) -> Result<(), TextRefusal> {
    if text.trim().is_empty() {
        return Err(TextRefusal::Empty);
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(TextRefusal::TooLong);
    }
    Ok(())
}

fn is_latin1(content_type: &[u8]) -> bool {
    content_type
        .split(|octet| *octet == b';')
        .skip(1)
        .any(|param| {
            let mut parts = param.splitn(2, |octet| *octet == b'=');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let value = parts.next().unwrap_or_default().trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            name.eq_ignore_ascii_case(b"charset")
                && [b"iso-8859-1".as_slice(), b"latin1"]
                    .iter()
                    .any(|known| value.eq_ignore_ascii_case(known))
        })
}

/// What a 415 tells (RFC 3261 §21.4.13).
fn accepts() -> Headers {
    vec![
        (
            Bytes::from_static(b"Accept"),
            Bytes::from_static(b"text/plain"),
        ),
        (
            Bytes::from_static(b"Accept-Encoding"),
            Bytes::from_static(b"identity"),
        ),
    ]
}

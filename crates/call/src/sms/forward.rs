//! Forwarding: the texts of a user to the phones that are registered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Mono, PhoneId, SmsId, SmsRecord, SmsStatus, UserId};
use offhook_sip_core::{Binding, BindingKey, Body, Command, OutsideRequest, Target, TxId};

use super::mailbox::{ContactKey, Expired, Outcome};
use super::{Answer, Context, Flight, TextChange, TextEffect, Texts};

/// How long a text waits for a phone.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Texts that wait for phones in all; beyond it the one that would end first is given up.
const MOST_IN_ALL: usize = 20_000;

impl Texts {
    /// A phone registered or refreshed a contact; the bindings have it, and know whether it `is_new`.
    pub(crate) fn on_registered(
        &mut self,
        cx: &mut Context<'_>,
        phone: PhoneId,
        key: &BindingKey,
        is_new: bool,
    ) {
        let Some(user) = cx.directory.phone(phone).map(|(_, user)| user.id) else {
            return;
        };
        let Some(mailbox) = self.mailboxes.get_mut(&user) else {
            return;
        };
        mailbox.on_registered(&(phone, key.clone()), is_new);
        self.offer(cx, user);
    }

    /// A contact is gone.
    pub(crate) fn on_unregistered(&mut self, cx: &Context<'_>, phone: PhoneId, key: &BindingKey) {
        let user = cx.directory.phone(phone).map(|(_, user)| user.id);
        if let Some(user) = user
            && let Some(mailbox) = self.mailboxes.get_mut(&user)
        {
            mailbox.on_unregistered(&(phone, key.clone()));
            self.tidy(user);
        }
    }

    /// Gives up texts whose time is over.
    pub(crate) fn on_timeout(&mut self, cx: &mut Context<'_>) {
        while let Some((at, id, user)) = self.expiry.first().copied()
            && at <= cx.now.mono
        {
            self.give_up(cx, (at, id, user));
        }
        self.give_up_stranded(cx);
    }

    /// A text towards a user is safe: it waits for the user's phones, and is tried at once.
    pub(super) fn wait_for_phone(
        &mut self,
        cx: &mut Context<'_>,
        user: UserId,
        text: Arc<SmsRecord>,
    ) {
        self.keep(cx, user, text);
        self.offer(cx, user);
    }

    /// Puts a text among those that wait.
    pub(super) fn keep(&mut self, cx: &mut Context<'_>, user: UserId, text: Arc<SmsRecord>) {
        if self.expiry.len() >= MOST_IN_ALL
            && let Some(first) = self.expiry.first().copied()
        {
            self.give_up(cx, first);
        }
        let age = u64::try_from(cx.now.wall.0 - text.created_at.0).unwrap_or(0);
        let until = cx.now.mono + KEPT.saturating_sub(Duration::from_micros(age));
        self.expiry.insert((until, text.id, user));
        let mailbox = self.mailboxes.entry(user).or_default();
        if let Some((old, until)) = mailbox.push(text, until) {
            self.expiry.remove(&(until, old.id, user));
            cx.change(status(&old, SmsStatus::Expired));
        }
    }

    fn give_up(&mut self, cx: &mut Context<'_>, entry: (Mono, SmsId, UserId)) {
        self.expiry.remove(&entry);
        let (_, id, user) = entry;
        let Some(mailbox) = self.mailboxes.get_mut(&user) else {
            return;
        };
        match mailbox.expire(id) {
            Expired::Gone => {}
            Expired::Later(until) => {
                self.expiry.insert((until, id, user));
            }
            Expired::Now(text) => cx.change(status(&text, SmsStatus::Expired)),
        }
        self.tidy(user);
    }

    /// Sends to each free contact of a user the oldest text that it has not refused.
    pub(super) fn offer(&mut self, cx: &mut Context<'_>, user: UserId) {
        let Some(mailbox) = self.mailboxes.get_mut(&user) else {
            return;
        };
        for phone in cx.directory.phones_of(user) {
            for binding in cx.bindings.of(*phone) {
                let contact = (*phone, binding.key.clone());
                let Some(text) = mailbox.offer(&contact) else {
                    continue;
                };
                let tx = cx.next_tx();
                let flight = Flight::Phone {
                    user,
                    contact,
                    text: text.id,
                };
                self.flights.insert(tx, flight);
                let command = message(&self.config.host, cx, tx, binding, &text);
                cx.effects.push(TextEffect::Sip(Box::new(command)));
            }
        }
        self.tidy(user);
    }

    pub(super) fn on_phone_answer(
        &mut self,
        cx: &mut Context<'_>,
        user: UserId,
        contact: ContactKey,
        text: SmsId,
        answer: Answer,
    ) {
        let Some(mailbox) = self.mailboxes.get_mut(&user) else {
            return;
        };
        let delivered = mailbox.settle(contact.clone(), text, outcome(answer));
        if let Some((text, until)) = delivered {
            self.expiry.remove(&(until, text.id, user));
            cx.change(status(&text, SmsStatus::Delivered));
        }
        if !cx.bindings.of(contact.0).any(|one| one.key == contact.1) {
            mailbox.on_unregistered(&contact);
        }
        self.offer(cx, user);
    }

    fn tidy(&mut self, user: UserId) {
        if let Some(mailbox) = self.mailboxes.get(&user)
            && mailbox.is_idle()
        {
            self.mailboxes.remove(&user);
        }
    }
}

/// The same text, standing differently.
pub(super) fn status(text: &SmsRecord, status: SmsStatus) -> TextChange {
    TextChange::Status(Arc::new(SmsRecord {
        status,
        ..text.clone()
    }))
}

const fn outcome(answer: Answer) -> Outcome {
    match answer {
        Answer::Final(200..300) => Outcome::Taken,
        Answer::Final(405 | 415 | 501) => Outcome::Unsupported,
        Answer::Final(408 | 480 | 486 | 500..600) | Answer::Nothing => Outcome::Unreachable,
        Answer::Final(_) => Outcome::Refused,
    }
}

/// A text as a phone gets it.
fn message(host: &str, cx: &Context<'_>, tx: TxId, binding: &Binding, text: &SmsRecord) -> Command {
    let name = text
        .from_user
        .and_then(|user| cx.directory.user(user))
        .map(|user| user.name.replace(['"', '\\', '\r', '\n', '\0'], "'"));
    let from = match name {
        Some(name) => format!("\"{name}\" <sip:{}@{host}>", text.from),
        None => format!("<sip:{}@{host}>", text.from),
    };
    Command::Outside {
        tx,
        target: Target::from(binding),
        request: request(from, format!("<sip:{}@{host}>", text.to), text),
    }
}

/// A MESSAGE with this text.
pub(super) fn request(from: String, to: String, text: &SmsRecord) -> OutsideRequest {
    OutsideRequest {
        method: Bytes::from_static(b"MESSAGE"),
        from: Bytes::from(from),
        to: Bytes::from(to),
        // RFC 3428 §5: when it was written, which may be days ago.
        headers: vec![(
            Bytes::from_static(b"Date"),
            Bytes::from(text.created_at.to_sip_date()),
        )],
        body: Some(Body {
            content_type: Bytes::from_static(b"text/plain;charset=UTF-8"),
            octets: Bytes::from(text.text.clone()),
        }),
    }
}

//! REGISTER (RFC 3261 10.3), once its sender is known.

use offhook_base::{Now, PhoneId};
use offhook_sip_message::{Message, Name};

use super::Stack;
use super::receive::RETRY_AFTER;
use crate::Peer;
use crate::registrar::{Refusal, Registration, Wishes};
use crate::wire::Extra;

impl Stack {
    pub(super) fn on_register(&mut self, now: Now, peer: Peer, phone: PhoneId, request: &Message) {
        // Who may register what: each phone its own address-of-record, nothing else.
        let Some(to) = request.view().to().and_then(|to| to.parsed_uri()) else {
            return self.refuse(peer, request, 400, "Bad To");
        };
        if !self.is_our_host(&to) {
            return self.refuse(peer, request, 404, "");
        }
        let user = to.user_decoded().unwrap_or_default();
        let account = self.auth.account(phone);
        if account.is_none_or(|account| account.username.as_bytes() != user.as_ref()) {
            self.layer.reject(peer, request, 403, &Extra::NONE);
            return self.tell_rejected(peer, request, 403, true);
        }
        let (Ok(wishes), Some(registration)) =
            (Wishes::of(request), Registration::of(request, peer))
        else {
            return self.refuse(peer, request, 400, "Bad Contact");
        };
        let mut changes = std::mem::take(&mut self.changes);
        let done = self
            .registrar
            .register(now, phone, &wishes, &registration, &mut changes);
        match done {
            Ok(()) => self.answer_register(now, peer, phone, request),
            Err(refusal) => self.refuse_register(now, peer, request, refusal),
        }
        self.tell_changes(phone, changes);
    }

    /// 200 with all contacts that are there (10.3, step 8).
    fn answer_register(&mut self, now: Now, peer: Peer, phone: PhoneId, request: &Message) {
        let mut own: Vec<(&str, Vec<u8>)> = Vec::new();
        for (binding, seconds) in self.registrar.with_seconds(phone, now.mono) {
            let mut value = Vec::with_capacity(binding.contact.len() + 24);
            value.push(b'<');
            value.extend_from_slice(&binding.contact);
            value.extend_from_slice(format!(">;expires={seconds}").as_bytes());
            own.push(("Contact", value));
        }
        // RFC 3327 5.3: a client that knows Path is told what was kept.
        let view = request.view();
        if view.lists(Name::Supported, "path") {
            own.extend(view.headers(Name::Path).map(|path| ("Path", path.to_vec())));
        }
        let own: Vec<_> = own
            .iter()
            .map(|(name, value)| (*name, value.as_slice()))
            .collect();
        self.answer_at_once(now, peer, request, 200, &own);
    }

    fn refuse_register(&mut self, now: Now, peer: Peer, request: &Message, refusal: Refusal) {
        let min = self.config.expiry.min.as_secs().to_string();
        let (status, own): (_, &[(&str, &[u8])]) = match refusal {
            Refusal::OutOfOrder => (500, &[]),
            Refusal::TooBrief => (423, &[("Min-Expires", min.as_bytes())]),
            Refusal::TooMany => (503, &[("Retry-After", RETRY_AFTER)]),
        };
        self.answer_at_once(now, peer, request, status, own);
        self.tell_rejected(peer, request, status, true);
    }

    /// Answers by way of a server transaction, so that a copy of the request gets the same answer.
    pub(super) fn answer_at_once(
        &mut self,
        now: Now,
        peer: Peer,
        request: &Message,
        status: u16,
        own: &[(&str, &[u8])],
    ) {
        let tag = Some(self.layer.stateless_tag(request));
        if let Some(slot) = self.layer.start_server(now, peer, request) {
            let leg = request
                .view()
                .to_tag()
                .and_then(|tag| self.legs.with_tag(tag));
            self.layer.set_server_user(slot, leg, None);
            let extra = Extra {
                tag,
                own,
                ..Extra::NONE
            };
            self.layer.respond(now, slot, request, status, &extra);
        }
    }
}

//! Requests that come in within a call (RFC 3261, section 12.2.2).

use offhook_base::Mono;
use offhook_sip_message::{Method, View};

use super::call::Call;
use super::requests::{contact, describe};
use super::server::ServerKey;
use super::{CallRef, Phone, Rule, Side};

impl Phone {
    pub(super) fn dialog_of(&self, request: View<'_>) -> Option<CallRef> {
        let (call_id, to_tag, from_tag) =
            (request.call_id()?, request.to_tag()?, request.from_tag()?);
        self.calls
            .iter()
            .find(|(_, call)| call.is_dialog_of(call_id, to_tag, from_tag))
            .map(|(id, _)| *id)
    }

    pub(super) fn on_dialog_request(
        &mut self,
        now: Mono,
        key: &ServerKey,
        method: Method,
        request: View<'_>,
    ) {
        let Some(id) = self.dialog_of(request) else {
            self.violation(now, Rule::RequestOutsideDialog, describe(request));
            self.respond(now, key, 481, None, None);
            return;
        };
        if !self.take_cseq(now, key, id, request) {
            return;
        }
        if let Some(server) = self.servers.get_mut(key) {
            server.call = Some(id);
        }
        let over = self.calls.get(&id).is_some_and(Call::is_over);
        match method {
            Method::Notify => self.on_notify(now, key, id, request),
            // Two BYEs can cross; the dialog that is gone answers 481 (15.1.2).
            _ if over => self.respond(now, key, 481, None, None),
            Method::Bye => self.on_bye(now, key, id),
            Method::Invite => self.on_reinvite(now, key, id, request),
            Method::Update => self.on_update(now, key, id, request),
            Method::Message => self.on_text(now, key, request),
            Method::Info => self.respond(now, key, 200, None, None),
            Method::Refer => {
                // The PBX carries transfers out by itself: a REFER that went through could loop.
                self.violation(now, Rule::ReferPassedOn, describe(request));
                self.respond(now, key, 405, None, None);
            }
            Method::Prack => self.respond(now, key, 481, None, None),
            Method::Other => self.respond(now, key, 501, None, None),
            Method::Ack
            | Method::Cancel
            | Method::Options
            | Method::Publish
            | Method::Register
            | Method::Subscribe => self.respond(now, key, 405, None, None),
        }
    }

    /// 12.2.2: the number must be higher than any before; an overtaken request is answered 500.
    fn take_cseq(&mut self, now: Mono, key: &ServerKey, id: CallRef, request: View<'_>) -> bool {
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        match call.remote_cseq {
            Some(highest) if number <= highest => {
                if number == highest {
                    self.violation(now, Rule::CSeqReused, describe(request));
                }
                self.respond(now, key, 500, None, None);
                false
            }
            Some(_) | None => {
                call.remote_cseq = Some(number);
                true
            }
        }
    }

    fn on_bye(&mut self, now: Mono, key: &ServerKey, id: CallRef) {
        self.bye_while_transferring(now, id);
        self.respond(now, key, 200, None, None);
        // 15.1.2: an INVITE that still waits for its answer gets 487.
        let waiting: Vec<ServerKey> = self
            .servers
            .iter()
            .filter(|(_, server)| {
                server.call == Some(id) && server.is_invite() && server.is_proceeding()
            })
            .map(|(key, _)| key.clone())
            .collect();
        for invite in waiting {
            let tag = self.calls.get(&id).map(|call| call.local_tag.clone());
            self.respond(now, &invite, 487, tag.as_deref(), None);
        }
        self.over(now, id, Side::Peer, None);
    }

    fn on_reinvite(&mut self, now: Mono, key: &ServerKey, id: CallRef, request: View<'_>) {
        let earlier = self.servers.iter().any(|(other, server)| {
            other != key && server.call == Some(id) && server.is_invite() && server.is_proceeding()
        });
        let Some(up) = self.calls.get_mut(&id).and_then(Call::up) else {
            // 14.2: the first INVITE has no final answer yet.
            self.respond(now, key, 500, None, None);
            return;
        };
        if up.reinvite.is_some() {
            self.respond(now, key, 491, None, None);
        } else if earlier {
            self.respond(now, key, 500, None, None);
        } else {
            self.on_offer(now, key, id, request);
        }
    }

    fn on_update(&mut self, now: Mono, key: &ServerKey, id: CallRef, request: View<'_>) {
        let pending = self
            .calls
            .get_mut(&id)
            .and_then(Call::up)
            .is_some_and(|up| up.reinvite.is_some());
        if request.body().is_empty() {
            self.respond(now, key, 200, None, None);
        } else if pending {
            // RFC 3311, section 5.2
            self.respond(now, key, 491, None, None);
        } else {
            self.on_offer(now, key, id, request);
        }
    }

    /// An offer in a call that is up, or a re-INVITE that asks for one.
    fn on_offer(&mut self, now: Mono, key: &ServerKey, id: CallRef, request: View<'_>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let offer = request.body();
        if self.habits.check_origin
            && !offer.is_empty()
            && let Some(fault) = call.session.fault_of_origin(offer)
        {
            self.violation(now, Rule::Origin, format!("{}: {fault}", describe(request)));
        }
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let body = if offer.is_empty() {
            Some(call.session.offer())
        } else {
            call.session.answer(offer)
        };
        let Some(body) = body else {
            let text = String::from_utf8_lossy(offer).into_owned();
            self.violation(
                now,
                Rule::SessionDescription,
                format!("an offer we cannot answer: {text:?}"),
            );
            self.respond(now, key, 488, None, None);
            return;
        };
        if let Some(target) = contact(request) {
            call.target = target;
        }
        let is_reinvite = request.method() == Some(Method::Invite);
        if let Some(up) = call.up().filter(|_| is_reinvite) {
            up.unacknowledged = true;
            up.awaits_answer = offer.is_empty();
        }
        self.respond(now, key, 200, None, Some(&body));
        self.tell_media(id);
    }
}

//! Responses to what a phone sent.

use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{CSeq, Contact, Name, View};

use super::call::{Action, Call, Cancel, Phase, Role, Up};
use super::client::{Answer, ClientKey, Purpose};
use super::{CallRef, Phone, PhoneEvent, Rule, Side};
use crate::network::up_to;

impl Phone {
    pub(super) fn on_response(&mut self, now: Mono, response: View<'_>) {
        let Some((status, cseq, branch)) = self.check_response(now, response) else {
            return;
        };
        let key = ClientKey {
            branch: branch.to_vec(),
            method: cseq.method,
        };
        let Some(client) = self.clients.get_mut(&key) else {
            if !self.past.contains(&key.branch) {
                self.violation(
                    now,
                    Rule::ResponseToNothing,
                    format!("{status} to {cseq:?}"),
                );
            }
            return;
        };
        let (purpose, authenticated) = (client.purpose, client.authenticated);
        self.check_to_tag(now, &key, response, status);
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        match client.on_response(now, status) {
            Answer::Again(ack) => {
                let to = client.to;
                self.outputs
                    .extend(ack.map(|bytes| super::Output::Send { to, bytes }));
            }
            Answer::Differs(earlier) => {
                self.violation(
                    now,
                    Rule::FinalAnswersDiffer,
                    format!("{earlier}, then {status} to {purpose:?}"),
                );
            }
            Answer::Late => {}
            Answer::Provisional => self.on_provisional(now, purpose, response, status),
            Answer::Final => self.on_final(now, &key, purpose, (response, status), authenticated),
        }
    }

    /// What every response must have (8.2.6.2, 8.1.3.3).
    fn check_response<'a>(
        &mut self,
        now: Mono,
        response: View<'a>,
    ) -> Option<(u16, CSeq, &'a [u8])> {
        let status = response.status()?;
        let missing = [
            ("From tag", response.from_tag().is_none()),
            ("To", response.to().is_none()),
            ("Call-ID", response.call_id().is_none()),
            ("To tag", response.to_tag().is_none() && status > 100),
        ];
        for (what, _) in missing.into_iter().filter(|(_, missing)| *missing) {
            self.violation(now, Rule::HeaderMissing, format!("{status} without {what}"));
        }
        let via = response.top_via().filter(|_| response.vias().count() == 1);
        let ours = self.config.local;
        let ours = via.filter(|via| {
            via.host == ours.ip().to_string().as_bytes() && via.port == Some(ours.port())
        });
        let Some(branch) = ours.and_then(|via| via.branch()) else {
            self.violation(
                now,
                Rule::ViaForeign,
                format!("{status} with Via {:?}", response.header(Name::Via)),
            );
            return None;
        };
        let Some(cseq) = response.cseq() else {
            self.violation(now, Rule::HeaderMissing, format!("{status} without CSeq"));
            return None;
        };
        Some((status, cseq, branch))
    }

    /// One To tag for all answers to one request; the first one counts.
    fn check_to_tag(&mut self, now: Mono, key: &ClientKey, response: View<'_>, status: u16) {
        let (Some(client), Some(tag)) = (self.clients.get_mut(key), response.to_tag()) else {
            return;
        };
        if status == 100 {
            return;
        }
        let first = client.to_tag.get_or_insert_with(|| tag.to_vec()).clone();
        if first != tag {
            let rule = if client.is_completed() {
                Rule::FinalAnswersDiffer
            } else {
                Rule::ToTagChanged
            };
            let [first, tag] = [&first[..], tag].map(String::from_utf8_lossy);
            self.violation(now, rule, format!("{status}: To tag {first}, then {tag}"));
        }
    }

    fn on_provisional(&mut self, now: Mono, purpose: Purpose, response: View<'_>, status: u16) {
        let Purpose::Invite(id) = purpose else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Phase::Calling {
            provisional,
            cancel,
            ..
        } = &mut call.phase
        else {
            return;
        };
        *provisional = true;
        let cancel_now = *cancel == Cancel::Wanted;
        if status > 100 {
            if !response.body().is_empty() && !cancel_now {
                self.on_answer_description(now, id, response.body());
            }
            self.event(PhoneEvent::Progress { call: id, status });
        }
        if cancel_now {
            self.give_up(now, id);
        }
    }

    fn on_final(
        &mut self,
        now: Mono,
        key: &ClientKey,
        purpose: Purpose,
        (response, status): (View<'_>, u16),
        authenticated: bool,
    ) {
        match purpose {
            Purpose::Bye(id) => match status {
                401 | 407 if self.accept_challenge(now, response, authenticated) => {
                    self.send_in_call(now, id, Purpose::Bye(id), true);
                }
                _ => self.over(now, id, Side::Us, None),
            },
            // What became of the INVITE is told by its own answer.
            Purpose::Cancel(_) => {}
            // 481 when the call is over meanwhile, 500 when the key is not wanted now (too many, or nobody to press it for).
            Purpose::Press(..) => {
                if !matches!(status, 200 | 481 | 500) {
                    let detail = format!("{status} to a key");
                    self.violation(now, Rule::KeyRefused, detail);
                }
            }
            Purpose::Invite(id) if status < 300 => self.on_invite_answered(now, key, id, response),
            Purpose::Invite(id) => {
                self.ack_refusal(key, response);
                self.on_invite_refused(now, id, (response, status), authenticated);
            }
            Purpose::Refer(id) => self.on_refer_answer(now, id, (response, status), authenticated),
            Purpose::Register => self.on_register_answer(now, response, status, authenticated),
            Purpose::Text(id) => self.on_text_answer(now, id, (response, status), authenticated),
            Purpose::Reinvite(id) if status < 300 => {
                self.on_reinvite_answered(now, key, id, response)
            }
            Purpose::Reinvite(id) => {
                self.ack_refusal(key, response);
                self.on_reinvite_refused(now, id, (response, status), authenticated);
            }
        }
    }

    /// A dialog begins (12.1.2).
    fn on_invite_answered(&mut self, now: Mono, key: &ClientKey, id: CallRef, response: View<'_>) {
        self.take_target(now, id, response);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.remote_tag = response.to_tag().map(<[u8]>::to_vec);
        call.routes = response
            .routes(Name::RecordRoute)
            .flatten()
            .map(|route| route.raw.to_vec())
            .collect();
        call.routes.reverse();
        let given_up =
            matches!(&call.phase, Phase::Calling { cancel, .. } if *cancel != Cancel::No);
        call.phase = Phase::Up(Up::default());
        let actions = call.after_answer();
        self.actions.retain(|_, (call, _)| *call != id);
        self.ack_answer(key, id);
        self.event(PhoneEvent::Answered { call: id });
        self.on_answer_description(now, id, response.body());
        if given_up {
            // 9.1: the CANCEL came too late, so what there is now is a call.
            self.send_bye(now, id);
            return;
        }
        for (after, action) in actions {
            self.at(now + after, id, action);
        }
    }

    fn on_invite_refused(
        &mut self,
        now: Mono,
        id: CallRef,
        (response, status): (View<'_>, u16),
        authenticated: bool,
    ) {
        let Some(Phase::Calling { cancel, .. }) = self.calls.get(&id).map(|call| &call.phase)
        else {
            return;
        };
        let cancel = *cancel;
        if matches!(status, 401 | 407)
            && cancel != Cancel::Sent
            && self.accept_challenge(now, response, authenticated)
        {
            self.send_invite(now, id, cancel, true);
            return;
        }
        let by = if cancel == Cancel::Sent {
            Side::Us
        } else {
            Side::Peer
        };
        self.over(now, id, by, Some(status));
    }

    fn on_reinvite_answered(
        &mut self,
        now: Mono,
        key: &ClientKey,
        id: CallRef,
        response: View<'_>,
    ) {
        self.take_target(now, id, response);
        self.ack_answer(key, id);
        if let Some(up) = self.calls.get_mut(&id).and_then(Call::up) {
            up.reinvite = None;
            self.on_answer_description(now, id, response.body());
            self.reinvite_if_due(now, id);
        }
    }

    fn on_reinvite_refused(
        &mut self,
        now: Mono,
        id: CallRef,
        (response, status): (View<'_>, u16),
        authenticated: bool,
    ) {
        let Some(up) = self.calls.get_mut(&id).and_then(Call::up) else {
            return;
        };
        up.reinvite = None;
        if matches!(status, 401 | 407) && self.accept_challenge(now, response, authenticated) {
            self.send_reinvite(now, id, true);
            return;
        }
        if matches!(status, 408 | 481) {
            // 12.2.1.2: there is no such dialog, or nobody in it.
            self.send_bye(now, id);
            return;
        }
        let pause = self.glare_pause(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let told = !call.session.holding;
        if status != 491 {
            // 14.1: the session goes on as if nothing had been asked.
            call.session.holding = told;
        }
        if let Some(up) = call.up() {
            up.told_hold = told;
            up.not_before = (status == 491).then_some(now + pause);
        }
        if status == 491 {
            self.at(now + pause, id, Action::Retry);
        }
    }

    /// 14.1: the owner of the Call-ID waits 2.1 to 4 s, the other side up to 2 s, in steps of 10 ms.
    fn glare_pause(&mut self, id: CallRef) -> Duration {
        let is_owner = self
            .calls
            .get(&id)
            .is_some_and(|call| call.role == Role::Caller);
        let (least, most) = if is_owner { (2_100, 4_000) } else { (0, 2_000) };
        let span = Duration::from_millis(most - least);
        let millis = up_to(&mut self.rng, span).as_millis() / 10 * 10;
        Duration::from_millis(least) + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// A 2xx to an INVITE names the remote target (12.1.2, 12.2.1.2).
    fn take_target(&mut self, now: Mono, id: CallRef, response: View<'_>) {
        let contact = response.contacts().find_map(|contact| match contact {
            Ok(Contact::Address(address)) => Some(address.uri.to_vec()),
            Ok(_) | Err(_) => None,
        });
        match (contact, self.calls.get_mut(&id)) {
            (Some(uri), Some(call)) => call.target = uri,
            (None, _) => self.violation(
                now,
                Rule::HeaderMissing,
                "2xx to INVITE without Contact".to_owned(),
            ),
            (Some(_), None) => {}
        }
    }

    /// The other side's answer to our offer.
    pub(super) fn on_answer_description(&mut self, now: Mono, id: CallRef, body: &[u8]) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if !call.session.on_answer(body) {
            let text = String::from_utf8_lossy(body).into_owned();
            self.violation(
                now,
                Rule::SessionDescription,
                format!("no answer to our offer: {text:?}"),
            );
        }
        self.tell_media(id);
    }

    /// Tells what the last session description changed.
    pub(super) fn tell_media(&mut self, id: CallRef) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let held = call.session.held;
        let held_changed = std::mem::replace(&mut call.told_held, held) != held;
        if let Some((to, direction)) = call.session.remote {
            let to = Some(to).filter(|to| to.port() != 0 && !to.ip().is_unspecified());
            self.event(PhoneEvent::Media {
                call: id,
                to,
                direction,
            });
        }
        if held_changed {
            self.event(PhoneEvent::Held { call: id, held });
        }
    }
}

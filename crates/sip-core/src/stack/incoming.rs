//! Incoming legs until they are answered: INVITE, CANCEL, our answers, the wait for the ACK.

use bytes::Bytes;
use offhook_base::{Mono, Now};
use offhook_sip_message::{Message, Method};

use super::Stack;
use crate::leg::{Confirmed, Incoming, InviteUse, Leg, Phase};
use crate::transaction::{Retransmit, ServerKey, Tag};
use crate::wire::{Dialog, Extra};
use crate::{Body, Event, Headers, LegId, Origin, Peer};

/// What the owner gives for a response.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) status: u16,
    pub(super) reason: Bytes,
    pub(super) headers: Headers,
    pub(super) body: Option<Body>,
}

impl Given {
    /// A status with its usual phrase and nothing else.
    pub(super) const fn plain(status: u16) -> Self {
        Self {
            status,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(super) fn extra(&self, tag: Option<Tag>, contact: bool) -> Extra<'_> {
        let Self {
            reason,
            headers,
            body,
            ..
        } = self;
        Extra {
            reason,
            tag,
            contact,
            own: &[],
            headers,
            body: body.as_ref(),
        }
    }
}

impl Stack {
    /// A phone or a trunk calls.
    pub(super) fn on_invite(&mut self, now: Now, peer: Peer, from: Origin, request: &Message) {
        let tag = Tag(self.layer.random());
        let Some(dialog) = Dialog::of_invite(request, tag, peer) else {
            return self.refuse(peer, request, 400, "Missing or Bad Contact");
        };
        let Some(slot) = self.layer.start_server(now, peer, request) else {
            return;
        };
        let leg = LegId::incoming(self.legs_received);
        self.legs_received += 1;
        self.layer.tap_leg(leg);
        self.layer.set_server_user(slot, Some(leg), None);
        self.layer.respond(now, slot, request, 100, &Extra::NONE);
        let incoming = Incoming {
            slot,
            peer,
            request: request.clone(),
            dialog,
            cancelled: false,
        };
        let device = match from {
            Origin::Phone(phone) => Some(self.registrar.device(phone, peer)),
            Origin::Trunk(_) => None,
        };
        let opened = Leg::new(Phase::Incoming(incoming), device);
        self.legs.insert(leg, opened);
        self.layer.event(Event::Invite {
            leg,
            from,
            peer,
            request: request.clone(),
        });
    }

    /// CANCEL (9.2): a transaction of its own, answered whatever becomes of the INVITE.
    pub(super) fn on_cancel(&mut self, now: Now, peer: Peer, request: &Message) {
        let key = ServerKey::of(request.view(), Method::Invite);
        let Some(invite) = key.and_then(|key| self.layer.find_server(&key)) else {
            return self.refuse(peer, request, 481, "");
        };
        let leg = self.layer.server_leg(invite);
        let incoming = leg.and_then(|leg| Some((leg, self.legs.incoming(leg)?)));
        let tag = incoming
            .as_ref()
            .map(|(_, incoming)| incoming.dialog.local_tag);
        let given_up =
            incoming.is_some_and(|(_, incoming)| !std::mem::replace(&mut incoming.cancelled, true));
        if let Some(leg) = leg {
            self.layer.tap_leg(leg);
        }
        if let Some(slot) = self.layer.start_server(now, peer, request) {
            self.layer.set_server_user(slot, leg, None);
            let tag = tag.or_else(|| Some(self.layer.stateless_tag(request)));
            self.layer
                .respond(now, slot, request, 200, &Extra { tag, ..Extra::NONE });
        }
        if let Some(leg) = leg.filter(|_| given_up) {
            self.layer.event(Event::Cancelled {
                leg,
                reason: Some(request.clone()),
            });
        }
    }

    /// The owner answers an INVITE.
    pub(super) fn answer(&mut self, now: Now, id: LegId, given: &Given) {
        let Some(incoming) = self
            .legs
            .incoming(id)
            .filter(|_| (101..700).contains(&given.status))
        else {
            tracing::trace!(?id, "no INVITE waits for this answer");
            return;
        };
        let (slot, request) = (incoming.slot, incoming.request.clone());
        let extra = given.extra(Some(incoming.dialog.local_tag), given.status < 300);
        let response = self
            .layer
            .respond(now, slot, &request, given.status, &extra);
        match given.status {
            ..200 => {}
            200..300 => self.confirm_incoming(now, id, &request, response),
            300.. => {
                self.legs.remove(id);
            }
        }
    }

    fn confirm_incoming(&mut self, now: Now, id: LegId, request: &Message, response: Bytes) {
        let Some(leg) = self.legs.get(id) else { return };
        let Phase::Incoming(incoming) = &leg.phase else {
            return;
        };
        let dialog = incoming.dialog.clone();
        let cseq = request.view().cseq().map_or(0, |cseq| cseq.number);
        let invite = self.layer.awaiting_ack(now.mono, cseq, response);
        leg.phase = Phase::Confirmed(Confirmed {
            dialog,
            invite,
            bye: None,
        });
        if leg.away.is_some() {
            self.look_for(now, id);
        }
        self.legs.file(id);
        self.arm_leg(id);
    }

    /// An ACK that belongs to no INVITE transaction: to a 2xx of ours (13.3.1.4).
    pub(super) fn on_ack(&mut self, now: Now, peer: Peer, ack: &Message) {
        let view = ack.view();
        let Some(id) = view.to_tag().and_then(|tag| self.legs.with_tag(tag)) else {
            tracing::trace!("an ACK to nothing");
            return;
        };
        self.layer.tap_leg(id);
        let number = view.cseq().map(|cseq| cseq.number);
        let Some(confirmed) = self.legs.confirmed(id) else {
            return;
        };
        let InviteUse::AwaitingAck { cseq, .. } = confirmed.invite else {
            return;
        };
        if number != Some(cseq) || !confirmed.dialog.is_with(view.call_id(), view.from_tag()) {
            return;
        }
        confirmed.invite = InviteUse::Idle;
        let bye = confirmed.bye.take();
        self.legs.move_to(id, peer);
        match bye {
            Some(headers) => self.send_bye(now, id, headers),
            None => {
                let body = (!view.body().is_empty()).then(|| ack.clone());
                self.layer.event(Event::Acked { leg: id, body });
            }
        }
    }

    /// Something that a leg waits for did not come in time.
    pub(super) fn on_leg_timeout(&mut self, now: Now, id: LegId, at: Mono) {
        let Some(leg) = self.legs.get(id).filter(|leg| leg.armed == Some(at)) else {
            return;
        };
        leg.armed = None;
        self.on_away_timeout(now.mono, id);
        self.on_ack_timeout(now, id);
        let next = self.legs.get(id).and_then(|leg| leg.next_timeout());
        debug_assert!(next.is_none_or(|next| next > now.mono), "deadlines advance");
        self.arm_leg(id);
    }

    /// The 2xx is sent again, or its ACK is given up.
    fn on_ack_timeout(&mut self, now: Now, id: LegId) {
        let t2 = self.layer.timers.t2;
        let Some(confirmed) = self.legs.confirmed(id) else {
            return;
        };
        let InviteUse::AwaitingAck {
            response,
            again,
            until,
            ..
        } = &mut confirmed.invite
        else {
            return;
        };
        if *until <= now.mono {
            confirmed.invite = InviteUse::Idle;
            match confirmed.bye.take() {
                Some(headers) => self.send_bye(now, id, headers),
                None => self.layer.event(Event::AckMissing { leg: id }),
            }
            return;
        }
        if again.at <= now.mono {
            again.back_off(now.mono, t2);
            let response = response.clone();
            if let Some(peer) = self.reach(id) {
                self.layer.send(peer, response, Some(id));
            }
        }
    }
}

impl super::Layer {
    /// The wait for the ACK to a 2xx that was just sent. Also on reliable transports: what is reliable is one hop.
    pub(super) fn awaiting_ack(&self, now: Mono, cseq: u32, response: Bytes) -> InviteUse {
        let interval = self.timers.t1;
        let again = Retransmit {
            at: now + interval,
            interval,
        };
        let until = now + self.timers.patience();
        InviteUse::AwaitingAck {
            cseq,
            response,
            again,
            until,
        }
    }
}

//! Outgoing legs until they are answered: our INVITE, its responses, our CANCEL and ACK.

use bytes::Bytes;
use offhook_base::Now;
use offhook_sip_message::{Message, Method};

use super::Stack;
use super::layer::Delivered;
use crate::leg::{Cancel, Confirmed, Early, InviteUse, Leg, Outgoing, Phase};
use crate::transaction::{ClientUser, Copy2xx, Tag};
use crate::wire::{self, Dialog, NO_HEADERS, NewInvite, part};
use crate::{Body, Event, InviteOut, LegId, Target};

impl Stack {
    /// The owner opens a leg.
    pub(super) fn invite(&mut self, now: Now, id: LegId, target: &Target, invite: &InviteOut) {
        if !id.is_outgoing() || self.legs.get(id).is_some() {
            tracing::debug!(?id, "not the id of a new outgoing leg");
            return;
        }
        if !self.layer.has_room() || self.legs.len() >= self.config.limits.legs {
            return self.layer.event(Event::Refused {
                leg: id,
                status: 503,
                response: None,
            });
        }
        let (tag, branch) = (Tag(self.layer.random()), self.layer.branch());
        let call_id = format!("{:016x}{:016x}", self.layer.random(), self.layer.random());
        let peer = target.peer;
        let bytes = self.layer.write(|out, locals| {
            let (local, call_id) = (locals.of(&peer), call_id.as_bytes());
            wire::invite(
                out,
                locals,
                &NewInvite {
                    local,
                    branch,
                    tag,
                    call_id,
                    target,
                    invite,
                },
            );
        });
        let key = (branch, Method::Invite);
        let slot = self
            .layer
            .start_client(now, peer, ClientUser::Invite(id), Some(id), key, bytes);
        let outgoing = Outgoing {
            slot,
            tag,
            target: target.uri.clone(),
            peer,
            early: Vec::new(),
            cancel: Cancel::No,
        };
        let device = self.registrar.device_at(&target.uri, peer);
        self.legs
            .insert(id, Leg::new(Phase::Outgoing(outgoing), device));
    }

    /// A response to the INVITE that opened a leg.
    pub(super) fn on_invite_response(
        &mut self,
        now: Now,
        delivered: &Delivered,
        id: LegId,
        response: &Message,
    ) {
        let status = response.view().status().unwrap_or_default();
        let waits = self
            .legs
            .outgoing(id)
            .is_some_and(|leg| leg.slot == delivered.slot);
        match status {
            ..200 if waits => self.on_provisional(now, id, status, response),
            // The owner dropped the leg before anything could be cancelled.
            ..200 => {
                self.layer.cancel(now, delivered.slot, None);
            }
            200..300 => self.on_2xx(now, delivered, waits.then_some(id), response),
            300.. if waits => {
                self.legs.remove(id);
                let response = Some(response.clone());
                self.layer.event(Event::Refused {
                    leg: id,
                    status,
                    response,
                });
            }
            300.. => {}
        }
    }

    fn on_provisional(&mut self, now: Now, id: LegId, status: u16, response: &Message) {
        let body_hash = self.layer.hash(response.view().body());
        let Some(outgoing) = self.legs.outgoing(id) else {
            return;
        };
        match &mut outgoing.cancel {
            Cancel::No => {}
            Cancel::Wanted(reason) => {
                let (slot, reason) = (outgoing.slot, reason.take());
                outgoing.cancel = Cancel::Sent;
                self.layer.cancel(now, slot, reason.as_deref());
                return;
            }
            Cancel::Sent => return,
        }
        if status > 100 && outgoing.note_early(response, (status, body_hash)) {
            self.layer.event(Event::Provisional {
                leg: id,
                response: response.clone(),
            });
        }
    }

    /// A 2xx: the first one answers the leg that waits for it; copies get their ACK again; others are not wanted.
    fn on_2xx(
        &mut self,
        now: Now,
        delivered: &Delivered,
        waits: Option<LegId>,
        response: &Message,
    ) {
        let to_tag = part(response, response.view().to_tag().unwrap_or_default());
        match self.layer.copy_of(delivered.slot, &to_tag) {
            Copy2xx::Acknowledged(ack) => return self.layer.send(delivered.peer, ack, waits),
            Copy2xx::Owed | Copy2xx::Ignored => return,
            Copy2xx::New => {}
        }
        let Some(id) = waits else {
            return self.refuse_2xx(now, delivered, response, to_tag);
        };
        let outgoing = self.legs.outgoing(id);
        let wanted = outgoing.filter(|outgoing| matches!(outgoing.cancel, Cancel::No));
        let Some(dialog) = wanted.and_then(|outgoing| outgoing.confirmed_dialog(response)) else {
            // It crossed our CANCEL (9.1): the call exists and must be ended like one.
            self.legs.remove(id);
            self.refuse_2xx(now, delivered, response, to_tag);
            return self.layer.event(Event::Refused {
                leg: id,
                status: 487,
                response: None,
            });
        };
        let cseq = response.view().cseq().map_or(0, |cseq| cseq.number);
        self.layer.remember(delivered.slot, to_tag.clone(), None);
        let invite = InviteUse::AckOwed {
            slot: delivered.slot,
            cseq,
            to_tag,
        };
        if let Some(leg) = self.legs.get(id) {
            leg.phase = Phase::Confirmed(Confirmed {
                dialog,
                invite,
                bye: None,
            });
        }
        self.legs.file(id);
        self.layer.event(Event::Answered {
            leg: id,
            response: response.clone(),
        });
    }

    /// ACK and BYE for a 2xx that nobody wants (13.2.2.4).
    fn refuse_2xx(&mut self, now: Now, delivered: &Delivered, response: &Message, to_tag: Bytes) {
        let Some(mut dialog) = self.acknowledge_stray(delivered, response, to_tag) else {
            return;
        };
        let (branch, cseq) = (self.layer.branch(), dialog.next_cseq());
        let bytes = self.layer.write(|out, locals| {
            wire::in_dialog(out, locals, &dialog, branch, b"BYE", cseq, NO_HEADERS, None);
        });
        let key = (branch, Method::Bye);
        self.layer
            .start_client(now, delivered.peer, ClientUser::Nobody, None, key, bytes);
    }

    /// ACK for a 2xx whose leg is gone; its copies get the same.
    pub(super) fn acknowledge_stray(
        &mut self,
        delivered: &Delivered,
        response: &Message,
        to_tag: Bytes,
    ) -> Option<Dialog> {
        let dialog = wire::answer_stray_2xx(response, delivered.peer)?;
        let ack = self.send_ack(&dialog, dialog.local_cseq, None, None);
        self.layer.remember(delivered.slot, to_tag, Some(ack));
        Some(dialog)
    }

    fn send_ack(
        &mut self,
        dialog: &Dialog,
        cseq: u32,
        body: Option<&Body>,
        leg: Option<LegId>,
    ) -> Bytes {
        let branch = self.layer.branch();
        let ack = self.layer.write(|out, locals| {
            wire::in_dialog(out, locals, dialog, branch, b"ACK", cseq, NO_HEADERS, body);
        });
        self.layer.send(dialog.peer, ack.clone(), leg);
        ack
    }

    /// The owner acknowledges the 2xx to our INVITE or re-INVITE.
    pub(super) fn acknowledge(&mut self, id: LegId, body: Option<&Body>) {
        let is_reached = self.reach(id).is_some();
        let Some(confirmed) = self.legs.confirmed(id) else {
            return;
        };
        let use_before = std::mem::replace(&mut confirmed.invite, InviteUse::Idle);
        let InviteUse::AckOwed { slot, cseq, to_tag } = use_before else {
            confirmed.invite = use_before;
            return;
        };
        if !is_reached {
            return;
        }
        let dialog = confirmed.dialog.clone();
        let ack = self.send_ack(&dialog, cseq, body, Some(id));
        self.layer.remember(slot, to_tag, Some(ack));
    }

    /// The owner gives up an outgoing INVITE.
    pub(super) fn cancel(&mut self, now: Now, id: LegId, reason: Option<Bytes>) {
        let Some(outgoing) = self.legs.outgoing(id) else {
            // An answer that the owner has not seen yet crossed its decision.
            if id.is_outgoing() {
                let name = Bytes::from_static(b"Reason");
                let headers = reason.map(|reason| (name, reason)).into_iter().collect();
                self.bye(now, id, headers);
            }
            return;
        };
        if matches!(outgoing.cancel, Cancel::No) {
            let slot = outgoing.slot;
            outgoing.cancel = Cancel::Sent;
            if !self.layer.cancel(now, slot, reason.as_deref())
                && let Some(outgoing) = self.legs.outgoing(id)
            {
                outgoing.cancel = Cancel::Wanted(reason);
            }
        }
    }

    /// The INVITE that opened a leg got no final response.
    pub(super) fn on_invite_failed(&mut self, id: LegId, status: u16) {
        let Some(outgoing) = self.legs.outgoing(id) else {
            return;
        };
        // No answer after a CANCEL counts as cancelled (9.1).
        let status = match (&outgoing.cancel, status) {
            (Cancel::Sent, 408) => 487,
            _ => status,
        };
        self.legs.remove(id);
        self.layer.event(Event::Refused {
            leg: id,
            status,
            response: None,
        });
    }
}

impl Outgoing {
    /// Takes note of a provisional response; false when it is a copy.
    fn note_early(&mut self, response: &Message, last: (u16, u64)) -> bool {
        let tag = response.view().to_tag().unwrap_or_default();
        let known = self
            .early
            .iter()
            .position(|early| early.dialog.remote_tag == tag);
        if let Some(place) = known {
            let mut early = self.early.remove(place);
            let fresh = early.last != last;
            early.last = last;
            early.dialog.refresh_target(response);
            self.early.push(early);
            return fresh;
        }
        let dialog = Dialog::of_response(response, self.tag, &self.target, self.peer);
        match dialog.filter(|_| self.early.len() < MAX_EARLY) {
            Some(dialog) => self.early.push(Early { dialog, last }),
            None => return false,
        }
        true
    }

    /// The dialog that a 2xx confirms; an early one goes on with its sequence numbers and its flow.
    fn confirmed_dialog(&self, response: &Message) -> Option<Dialog> {
        let dialog = Dialog::of_response(response, self.tag, &self.target, self.peer)?;
        let mut early = self.early.iter().map(|early| &early.dialog);
        let Some(early) = early.find(|early| early.remote_tag == dialog.remote_tag) else {
            return Some(dialog);
        };
        Some(Dialog {
            local_cseq: early.local_cseq,
            remote_cseq: early.remote_cseq,
            peer: early.peer,
            ..dialog
        })
    }
}

/// Called sides of one INVITE that ring at once behind one target; a proxy that forks wider is not listened to.
const MAX_EARLY: usize = 16;

//! Requests inside a leg, theirs and ours (RFC 3261 12.2, 14; RFC 3311).

use bytes::Bytes;
use offhook_base::Now;
use offhook_sip_message::{Message, Method};

use super::incoming::Given;
use super::layer::Delivered;
use super::{Pending, Stack};
use crate::leg::{Confirmed, InviteUse, Leg, Phase};
use crate::transaction::{ClientUser, Copy2xx};
use crate::wire::{self, Extra, Sequence, part};
use crate::{Body, Event, Headers, LegId, Peer, TxId};

/// A request of the owner inside a leg.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) tx: TxId,
    pub(super) method: Bytes,
    pub(super) headers: Headers,
    pub(super) body: Option<Body>,
}

impl Stack {
    /// A request with a To tag.
    pub(super) fn on_inside(&mut self, now: Now, peer: Peer, request: &Message, method: Method) {
        let view = request.view();
        let found = view.to_tag().and_then(|tag| self.legs.with_tag(tag));
        let Some(id) = found else {
            let tag = view.to_tag();
            let found = tag.and_then(|tag| self.subscriptions.with_tag(tag));
            return match found.filter(|_| self.layer.has_room()) {
                Some(id) => self.on_inside_subscription(now, peer, id, request),
                None => self.refuse(peer, request, 481, ""),
            };
        };
        self.layer.tap_leg(id);
        let is_ours = self
            .legs
            .get(id)
            .is_some_and(|leg| leg.dialog_with(view.call_id(), view.from_tag()).is_some());
        if !is_ours {
            return self.refuse(peer, request, 481, "");
        }
        if !self.takes(peer, request, method) || !self.can_do(peer, request, &[]) {
            return;
        }
        if method != Method::Bye && !self.layer.has_room() {
            return self.refuse_full(peer, request);
        }
        let Some(leg) = self.legs.get(id) else { return };
        let Some(dialog) = leg.dialog_with(view.call_id(), view.from_tag()) else {
            return;
        };
        let number = view.cseq().map_or(0, |cseq| cseq.number);
        if dialog.sequence(number) == Sequence::Old {
            return self.refuse(peer, request, 500, "CSeq Out Of Order");
        }
        // The peer is where it was last heard: its NAT or its connection may be another one since.
        dialog.peer = peer;
        let is_ending = matches!(leg.phase, Phase::Ending(_));
        self.legs.move_to(id, peer);
        if is_ending {
            // Both hung up at once: their BYE is as good as ours. All else comes too late.
            let status = if method == Method::Bye { 200 } else { 481 };
            return self.answer_at_once(now, peer, request, status, &[]);
        }
        if method == Method::Bye {
            self.on_bye(now, peer, id, request);
        } else if method == Method::Invite {
            self.on_reinvite(now, peer, id, request);
        } else if method == Method::Update {
            self.on_update(now, peer, id, request);
        } else if method == Method::Options {
            let allow = self.layer.locals.allow.clone();
            self.answer_at_once(now, peer, request, 200, &[("Allow", &allow)]);
        } else {
            self.report(now, peer, id, request);
        }
    }

    /// A re-INVITE; at most one INVITE is in progress inside a leg (14.2).
    fn on_reinvite(&mut self, now: Now, peer: Peer, id: LegId, request: &Message) {
        let Some(leg) = self.legs.get(id) else { return };
        let in_the_way = match &mut leg.phase {
            Phase::Confirmed(Confirmed {
                dialog,
                invite: InviteUse::Idle,
                ..
            }) => {
                dialog.refresh_target(request);
                None
            }
            // RFC 5407 3.1.4: our 2xx still waits for its ACK.
            Phase::Confirmed(Confirmed {
                invite:
                    InviteUse::Ours { .. } | InviteUse::AckOwed { .. } | InviteUse::AwaitingAck { .. },
                ..
            }) => Some(491),
            Phase::Confirmed(Confirmed {
                invite: InviteUse::Theirs { .. },
                ..
            })
            | Phase::Incoming(_) => Some(500),
            Phase::Outgoing(_) => Some(491),
            Phase::Ending(_) | Phase::Over(_) => Some(481),
        };
        if let Some(status) = in_the_way {
            return self.refuse_glare(now, peer, request, status);
        }
        let Some(tx) = self.hand_over(now, peer, Some(id), request) else {
            return;
        };
        if let Some(confirmed) = self.legs.confirmed(id) {
            confirmed.invite = InviteUse::Theirs { tx };
        }
        if let Some(slot) = self.pending.get(&tx).map(|pending| pending.slot) {
            self.layer.respond(now, slot, request, 100, &Extra::NONE);
        }
        self.layer.event(Event::Request {
            leg: id,
            tx,
            request: request.clone(),
        });
    }

    /// UPDATE; an offer that meets another one waits (RFC 3311 5.2).
    fn on_update(&mut self, now: Now, peer: Peer, id: LegId, request: &Message) {
        let Some(leg) = self.legs.get(id) else { return };
        let offers = !request.view().body().is_empty();
        let (ours, theirs) = match &leg.phase {
            Phase::Confirmed(confirmed) => (
                matches!(
                    confirmed.invite,
                    InviteUse::Ours { .. } | InviteUse::AckOwed { .. }
                ),
                matches!(confirmed.invite, InviteUse::Theirs { .. }),
            ),
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Ending(_) | Phase::Over(_) => {
                (false, false)
            }
        };
        if leg.updates.theirs.is_some() || (theirs && offers) {
            return self.refuse_glare(now, peer, request, 500);
        }
        if offers && (ours || leg.updates.ours.is_some()) {
            return self.refuse_glare(now, peer, request, 491);
        }
        let view = request.view();
        if let Some(dialog) = leg.dialog_with(view.call_id(), view.from_tag()) {
            dialog.refresh_target(request);
        }
        let Some(tx) = self.hand_over(now, peer, Some(id), request) else {
            return;
        };
        if let Some(leg) = self.legs.get(id) {
            leg.updates.theirs = Some(tx);
        }
        self.layer.event(Event::Request {
            leg: id,
            tx,
            request: request.clone(),
        });
    }

    /// Any other request: the owner answers it.
    pub(super) fn report(&mut self, now: Now, peer: Peer, id: LegId, request: &Message) {
        if let Some(tx) = self.hand_over(now, peer, Some(id), request) {
            self.layer.event(Event::Request {
                leg: id,
                tx,
                request: request.clone(),
            });
        }
    }

    /// 491, or 500 with a Retry-After of 0 to 10 seconds (14.2).
    fn refuse_glare(&mut self, now: Now, peer: Peer, request: &Message, status: u16) {
        if status == 500 {
            let seconds = (self.layer.random() % 11).to_string();
            let own: &[(&str, &[u8])] = &[("Retry-After", seconds.as_bytes())];
            self.answer_at_once(now, peer, request, status, own);
        } else {
            self.answer_at_once(now, peer, request, status, &[]);
        }
    }

    /// The owner answers a request.
    pub(super) fn reply(&mut self, now: Now, tx: TxId, given: &Given) {
        let status = given.status;
        let Some(pending) = self
            .pending
            .get(&tx)
            .filter(|_| (101..700).contains(&status))
        else {
            tracing::trace!(?tx, "no request waits for this answer");
            return;
        };
        let Pending {
            slot,
            leg,
            method,
            request,
        } = pending.clone();
        let refreshes = matches!(method, Method::Invite | Method::Update) && status < 300;
        let tag = leg.is_none().then(|| self.layer.stateless_tag(&request));
        let extra = given.extra(tag, refreshes);
        let response = self.layer.respond(now, slot, &request, status, &extra);
        if status < 200 {
            return;
        }
        self.pending.remove(&tx);
        let Some(id) = leg else { return };
        if method == Method::Bye {
            self.legs.remove(id);
        } else if method == Method::Invite {
            self.on_reinvite_answered(now, id, tx, status, &request, response);
        } else if let Some(leg) = self.legs.get(id)
            && leg.updates.theirs == Some(tx)
        {
            leg.updates.theirs = None;
        }
    }

    fn on_reinvite_answered(
        &mut self,
        now: Now,
        id: LegId,
        tx: TxId,
        status: u16,
        request: &Message,
        response: Bytes,
    ) {
        let Some(confirmed) = self.legs.confirmed(id) else {
            return;
        };
        if !matches!(confirmed.invite, InviteUse::Theirs { tx: theirs } if theirs == tx) {
            return;
        }
        confirmed.invite = if status < 300 {
            let cseq = request.view().cseq().map_or(0, |cseq| cseq.number);
            self.layer.awaiting_ack(now.mono, cseq, response)
        } else {
            InviteUse::Idle
        };
        self.arm_leg(id);
    }

    /// The owner asks something inside a leg.
    pub(super) fn ask(&mut self, now: Now, id: LegId, asked: Asked) {
        let method = Method::parse(&asked.method);
        if method == Method::Bye {
            return self.bye(now, id, asked.headers);
        }
        let status = match self.legs.get(id) {
            Some(leg) => obstacle(leg, &asked, method),
            None => Some(481),
        };
        // Its connection is gone, and the phone has no other.
        let status = status.or_else(|| self.reach(id).is_none().then_some(503));
        if let Some(status) = status {
            return self.layer.event(Event::Failed {
                leg: id,
                tx: asked.tx,
                status,
            });
        }
        let Some(leg) = self.legs.get(id) else { return };
        if method == Method::Update {
            leg.updates.ours = Some(asked.tx);
        }
        let Some(dialog) = leg.dialog() else { return };
        let (cseq, peer) = (dialog.next_cseq(), dialog.peer);
        let branch = self.layer.branch();
        let Asked {
            tx,
            method: name,
            headers,
            body,
        } = &asked;
        let bytes = self.layer.write(|out, locals| {
            wire::in_dialog(
                out,
                locals,
                dialog,
                branch,
                name,
                cseq,
                headers,
                body.as_ref(),
            );
        });
        let user = ClientUser::Request(id, *tx);
        let slot = self
            .layer
            .start_client(now, peer, user, Some(id), (branch, method), bytes);
        if method == Method::Invite
            && let Some(confirmed) = self.legs.confirmed(id)
        {
            confirmed.invite = InviteUse::Ours { tx: *tx, slot };
        }
        // What was done twice is no other than what was done once; of an INFO or a REFER that is not known.
        if matches!(method, Method::Invite | Method::Update) {
            self.layer.keep(slot, asked);
        }
    }

    /// A final response to a request of the owner other than re-INVITE.
    pub(super) fn on_request_response(&mut self, id: LegId, tx: TxId, response: &Message) {
        let Some(leg) = self.legs.get(id) else { return };
        if matches!(leg.phase, Phase::Ending(_) | Phase::Over(_)) {
            return;
        }
        if leg.updates.ours == Some(tx) {
            leg.updates.ours = None;
            let view = response.view();
            if view.status().is_some_and(|status| status < 300)
                && let Some(dialog) = leg.dialog_with(view.call_id(), view.to_tag())
            {
                dialog.refresh_target(response);
            }
        }
        self.layer.event(Event::Response {
            leg: id,
            tx,
            response: response.clone(),
        });
    }

    /// A response to a re-INVITE of the owner.
    pub(super) fn on_reinvite_response(
        &mut self,
        now: Now,
        delivered: &Delivered,
        (id, tx): (LegId, TxId),
        response: &Message,
    ) {
        let view = response.view();
        let status = view.status().unwrap_or_default();
        let confirmed = self.legs.confirmed(id);
        let waits = confirmed
            .filter(|leg| matches!(leg.invite, InviteUse::Ours { tx: ours, .. } if ours == tx));
        match (status, waits) {
            // RFC 3261 sets no end to the wait after a 1xx; a peer that vanished after its 100 must not be waited for.
            (..200, _) => self.layer.give_up(now, delivered.slot),
            (200..300, waits) => {
                let to_tag = part(response, view.to_tag().unwrap_or_default());
                match self.layer.copy_of(delivered.slot, &to_tag) {
                    Copy2xx::Acknowledged(ack) => self.layer.send(delivered.peer, ack, Some(id)),
                    Copy2xx::Owed | Copy2xx::Ignored => {}
                    Copy2xx::New => {
                        let Some(confirmed) = waits else {
                            // The leg ended meanwhile: the ACK is owed all the same.
                            self.acknowledge_stray(delivered, response, to_tag);
                            return;
                        };
                        confirmed.dialog.refresh_target(response);
                        let cseq = view.cseq().map_or(0, |cseq| cseq.number);
                        let slot = delivered.slot;
                        confirmed.invite = InviteUse::AckOwed {
                            slot,
                            cseq,
                            to_tag: to_tag.clone(),
                        };
                        self.layer.remember(slot, to_tag, None);
                        let response = response.clone();
                        self.layer.event(Event::Response {
                            leg: id,
                            tx,
                            response,
                        });
                    }
                }
            }
            (300.., Some(confirmed)) => {
                confirmed.invite = InviteUse::Idle;
                self.layer.event(Event::Response {
                    leg: id,
                    tx,
                    response: response.clone(),
                });
            }
            (300.., None) => {}
        }
    }

    /// A request of the owner got no final response.
    pub(super) fn on_request_failed(&mut self, id: LegId, tx: TxId, status: u16) {
        let Some(leg) = self.legs.get(id) else { return };
        match &mut leg.phase {
            Phase::Confirmed(Confirmed { invite, .. }) => {
                if matches!(invite, InviteUse::Ours { tx: ours, .. } if *ours == tx) {
                    *invite = InviteUse::Idle;
                }
            }
            Phase::Incoming(_) | Phase::Outgoing(_) => {}
            Phase::Ending(_) | Phase::Over(_) => return,
        }
        if leg.updates.ours == Some(tx) {
            leg.updates.ours = None;
        }
        self.layer.event(Event::Failed {
            leg: id,
            tx,
            status,
        });
    }
}

/// Why a request of the owner cannot leave.
fn obstacle(leg: &Leg, asked: &Asked, method: Method) -> Option<u16> {
    match &leg.phase {
        Phase::Confirmed(Confirmed { bye: Some(_), .. }) | Phase::Ending(_) | Phase::Over(_) => {
            Some(481)
        }
        Phase::Confirmed(Confirmed { invite, .. }) => match (method, invite) {
            (Method::Invite, InviteUse::Idle) => leg.updates.ours.map(|_| 491),
            (Method::Invite, _) => Some(491),
            (Method::Update, InviteUse::Ours { .. } | InviteUse::Theirs { .. })
                if asked.body.is_some() =>
            {
                Some(491)
            }
            (Method::Update, _) => leg.updates.ours.or(leg.updates.theirs).map(|_| 491),
            (Method::Ack | Method::Cancel, _) => Some(400),
            _ => None,
        },
        Phase::Incoming(_) => (method == Method::Invite).then_some(491),
        Phase::Outgoing(outgoing) => {
            if method == Method::Invite {
                Some(491)
            } else {
                outgoing.early.is_empty().then_some(481)
            }
        }
    }
}

//! How legs end after their answer (RFC 3261 15).

use bytes::Bytes;
use offhook_base::Now;
use offhook_sip_message::{Message, Method};

use super::Stack;
use super::incoming::Given;
use super::inside::Asked;
use crate::leg::{Confirmed, Ending, InviteUse, Over, Phase};
use crate::transaction::ClientUser;
use crate::wire;
use crate::{Event, Headers, LegId, Peer, TxId};

impl Stack {
    /// The owner hangs up.
    pub(super) fn bye(&mut self, now: Now, id: LegId, headers: Headers) {
        let Some(leg) = self.legs.get(id) else { return };
        match &mut leg.phase {
            Phase::Incoming(_) => self.answer(now, id, &Given::plain(480)),
            Phase::Outgoing(_) => {
                let reason = headers
                    .into_iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(b"Reason"));
                self.cancel(now, id, reason.map(|(_, value)| value));
            }
            // 15: the called side must not send BYE before the ACK, or before it gave up on it.
            Phase::Confirmed(confirmed)
                if matches!(confirmed.invite, InviteUse::AwaitingAck { .. }) =>
            {
                confirmed.bye = Some(headers);
            }
            Phase::Confirmed(_) => {
                self.end_invite_use(now, id);
                self.send_bye(now, id, headers);
            }
            Phase::Ending(_) | Phase::Over(_) => {}
        }
    }

    /// Sends the BYE of an answered leg; from here on the owner knows no such leg.
    ///
    /// It is sent again when its connection closes before an answer and the phone has another. With none at all the
    /// leg is gone at once.
    pub(super) fn send_bye(&mut self, now: Now, id: LegId, headers: Headers) {
        if self.reach(id).is_none() {
            self.legs.remove(id);
            return;
        }
        let Some(leg) = self.legs.get(id) else { return };
        let Some(dialog) = leg.answered() else { return };
        let (branch, cseq, peer) = (self.layer.branch(), dialog.next_cseq(), dialog.peer);
        let bytes = self.layer.write(|out, locals| {
            wire::in_dialog(out, locals, dialog, branch, b"BYE", cseq, &headers, None);
        });
        let dialog = dialog.clone();
        leg.phase = Phase::Ending(Ending { dialog });
        let user = ClientUser::Bye(id);
        let key = (branch, Method::Bye);
        let slot = self
            .layer
            .start_client(now, peer, user, Some(id), key, bytes);
        let asked = Asked {
            tx: TxId::outgoing(0),
            method: Bytes::from_static(b"BYE"),
            headers,
            body: None,
        };
        self.layer.keep(slot, asked);
    }

    /// Our BYE was answered, or nobody is there to answer it.
    pub(super) fn forget_ending(&mut self, id: LegId) {
        if self
            .legs
            .get(id)
            .is_some_and(|leg| matches!(leg.phase, Phase::Ending(_)))
        {
            self.legs.remove(id);
        }
    }

    /// The peer hangs up.
    pub(super) fn on_bye(&mut self, now: Now, peer: Peer, id: LegId, request: &Message) {
        let Some(leg) = self.legs.get(id) else { return };
        match &mut leg.phase {
            // The caller may end an early dialog by BYE (15); it means what CANCEL means.
            Phase::Incoming(incoming) => {
                let given_up = !std::mem::replace(&mut incoming.cancelled, true);
                self.answer_at_once(now, peer, request, 200, &[]);
                if given_up {
                    let reason = Some(request.clone());
                    self.layer.event(Event::Cancelled { leg: id, reason });
                }
            }
            // The called side must not end an early dialog by BYE.
            Phase::Outgoing(_) => self.answer_at_once(now, peer, request, 481, &[]),
            Phase::Confirmed(Confirmed { bye: Some(_), .. }) => {
                // Ours was waiting for an ACK; theirs makes it needless.
                self.answer_at_once(now, peer, request, 200, &[]);
                self.legs.remove(id);
            }
            Phase::Confirmed(confirmed) => {
                let tag = confirmed.dialog.local_tag;
                self.end_invite_use(now, id);
                if let Some(leg) = self.legs.get(id) {
                    leg.phase = Phase::Over(Over { tag });
                }
                self.report(now, peer, id, request);
            }
            Phase::Ending(_) | Phase::Over(_) => {}
        }
    }

    /// Does what an INVITE in progress wants before its leg ends.
    fn end_invite_use(&mut self, now: Now, id: LegId) {
        let Some(confirmed) = self.legs.confirmed(id) else {
            return;
        };
        match confirmed.invite {
            // 15.1.2: a pending INVITE is answered 487.
            InviteUse::Theirs { tx } => self.reply(now, tx, &Given::plain(487)),
            // Copies of their 2xx go on until they are acknowledged.
            InviteUse::AckOwed { .. } => self.acknowledge(id, None),
            InviteUse::Ours { slot, .. } => self.layer.give_up(now, slot),
            InviteUse::Idle | InviteUse::AwaitingAck { .. } => {}
        }
    }

    /// The owner forgets a leg.
    pub(super) fn drop_leg(&mut self, now: Now, id: LegId) {
        let Some(leg) = self.legs.remove(id) else {
            return;
        };
        match leg.phase {
            Phase::Incoming(incoming) => self.layer.drop_server(incoming.slot),
            Phase::Outgoing(outgoing) => {
                self.layer.cancel(now, outgoing.slot, None);
            }
            Phase::Confirmed(Confirmed { invite, .. }) => match invite {
                InviteUse::Ours { slot, .. } => self.layer.give_up(now, slot),
                InviteUse::Theirs { tx } => {
                    if let Some(pending) = self.pending.remove(&tx) {
                        self.layer.drop_server(pending.slot);
                    }
                }
                InviteUse::Idle | InviteUse::AckOwed { .. } | InviteUse::AwaitingAck { .. } => {}
            },
            Phase::Ending(_) | Phase::Over(_) => {}
        }
    }
}

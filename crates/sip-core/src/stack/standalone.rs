//! Requests of ours outside any dialog: MESSAGE, OPTIONS.

use offhook_base::Now;
use offhook_sip_message::{Message, Method};

use super::Stack;
use crate::transaction::{ClientUser, Tag};
use crate::wire::{self, NewOutside};
use crate::{Event, OutsideRequest, Target, TxId};

impl Stack {
    /// The owner asks something outside any dialog.
    pub(super) fn ask_outside(
        &mut self,
        now: Now,
        tx: TxId,
        target: &Target,
        request: &OutsideRequest,
    ) {
        let method = Method::parse(&request.method);
        // These live in a leg: their transactions are others, or none.
        if matches!(
            method,
            Method::Ack | Method::Bye | Method::Cancel | Method::Invite
        ) {
            return self.on_outside_failed(tx, 405);
        }
        if !self.layer.has_room() {
            return self.on_outside_failed(tx, 503);
        }
        let (tag, branch) = (Tag(self.layer.random()), self.layer.branch());
        let call_id = format!("{:016x}{:016x}", self.layer.random(), self.layer.random());
        let peer = target.peer;
        let bytes = self.layer.write(|out, locals| {
            let (local, call_id) = (locals.of(&peer), call_id.as_bytes());
            let new = NewOutside {
                local,
                branch,
                tag,
                call_id,
                target,
                request,
            };
            wire::outside(out, locals, &new);
        });
        let user = ClientUser::Outside(tx);
        self.layer
            .start_client(now, peer, user, None, (branch, method), bytes);
    }

    /// Its final response. A challenge is one like any other: our peers get no credentials from us.
    pub(super) fn on_outside_response(&mut self, tx: TxId, response: &Message) {
        self.layer.event(Event::OutsideResponse {
            tx,
            response: response.clone(),
        });
    }

    /// It got no final response.
    pub(super) fn on_outside_failed(&mut self, tx: TxId, status: u16) {
        self.layer.event(Event::OutsideFailed { tx, status });
    }
}

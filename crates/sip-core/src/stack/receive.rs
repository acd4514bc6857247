//! The way in: every message received passes here first.

use offhook_base::Now;
use offhook_sip_message::{Message, Method, Name, View};

use super::Stack;
use crate::transaction::{ClientUser, ServerKey};
use crate::wire::Extra;
use crate::{Event, Peer};

impl Stack {
    pub(super) fn on_request(&mut self, now: Now, peer: Peer, request: &Message) {
        let view = request.view();
        let (Some(method), Some(_)) = (view.method(), view.top_via()) else {
            tracing::trace!("a request without a Via can be answered to nobody");
            return;
        };
        if let Some(fault) = fault_of(view) {
            if method != Method::Ack {
                self.refuse(peer, request, 400, fault);
            }
            return;
        }
        let Some(key) = ServerKey::of(view, method) else {
            return;
        };
        if let Some(slot) = self.layer.find_server(&key) {
            if let Some(leg) = self.layer.server_leg(slot) {
                self.layer.tap_leg(leg);
            }
            if method != Method::Ack {
                self.layer.on_request_again(slot);
            } else if self.layer.on_ack(now, slot) {
                self.on_ack(now, peer, request);
            }
            return;
        }
        if method == Method::Ack {
            self.on_ack(now, peer, request);
        } else if method == Method::Cancel {
            self.on_cancel(now, peer, request);
        } else if view.to_tag().is_some() {
            self.on_inside(now, peer, request, method);
        } else {
            self.on_outside(now, peer, request, method);
        }
    }

    pub(super) fn on_response(&mut self, now: Now, response: &Message) {
        let view = response.view();
        let complete = view.from().is_some() && view.to().is_some() && view.call_id().is_some();
        // A response with two Vias was meant for somebody else (RFC 3261 8.1.3.3).
        if !complete || view.vias().nth(1).is_some() {
            tracing::trace!("a response that cannot be ours");
            return;
        }
        let Some(delivered) = self.layer.on_response(now, response) else {
            return;
        };
        let status = view.status().unwrap_or_default();
        match delivered.user {
            ClientUser::Invite(leg) => self.on_invite_response(now, &delivered, leg, response),
            ClientUser::Request(leg, tx) if delivered.method == Method::Invite => {
                self.on_reinvite_response(now, &delivered, (leg, tx), response);
            }
            ClientUser::Request(leg, tx) if status >= 200 => {
                self.on_request_response(leg, tx, response);
            }
            ClientUser::Bye(leg) if status >= 200 => self.forget_ending(leg),
            ClientUser::Outside(tx) if status >= 200 => self.on_outside_response(tx, response),
            ClientUser::Notify(id) if status >= 200 => self.on_notified(now, id, status),
            ClientUser::Bye(_)
            | ClientUser::Nobody
            | ClientUser::Notify(_)
            | ClientUser::Outside(_)
            | ClientUser::Request(..) => {}
        }
    }

    /// Answers a request without a transaction, and tells the owner that it was refused.
    pub(super) fn refuse(&mut self, peer: Peer, request: &Message, status: u16, reason: &str) {
        self.refuse_with(
            peer,
            request,
            status,
            &Extra {
                reason: reason.as_bytes(),
                ..Extra::NONE
            },
        );
    }

    pub(super) fn refuse_with(
        &mut self,
        peer: Peer,
        request: &Message,
        status: u16,
        extra: &Extra<'_>,
    ) {
        self.layer.reject(peer, request, status, extra);
        self.tell_rejected(peer, request, status, false);
    }

    /// Tells the owner that a request was refused; `genuine` when its credentials answer a nonce of its source.
    pub(super) fn tell_rejected(
        &mut self,
        peer: Peer,
        request: &Message,
        status: u16,
        genuine: bool,
    ) {
        tracing::debug!(status, genuine, "refused");
        self.layer.event(Event::Rejected {
            peer,
            status,
            genuine,
            request: request.clone(),
        });
    }

    /// Whether we take this method; if not, it is answered 405 or 501.
    pub(super) fn takes(&mut self, peer: Peer, request: &Message, method: Method) -> bool {
        if method == Method::Other {
            self.refuse(peer, request, 501, "");
            return false;
        }
        if self.config.allow.contains(&method) {
            return true;
        }
        let allow = self.layer.locals.allow.clone();
        self.refuse_with(
            peer,
            request,
            405,
            &Extra {
                own: &[("Allow", &allow)],
                ..Extra::NONE
            },
        );
        false
    }

    /// Whether we know every extension that a request requires (8.2.2.3); if not, it is answered 420.
    pub(super) fn can_do(&mut self, peer: Peer, request: &Message, known: &[&[u8]]) -> bool {
        let view = request.view();
        let unknown = |option: &&[u8]| {
            !option.is_empty() && !known.iter().any(|known| known.eq_ignore_ascii_case(option))
        };
        let unsupported: Vec<_> = view.elements(Name::Require).filter(unknown).collect();
        if unsupported.is_empty() {
            return true;
        }
        let list = unsupported.join(b", ".as_slice());
        let extra = Extra {
            own: &[("Unsupported", &list)],
            ..Extra::NONE
        };
        self.refuse_with(peer, request, 420, &extra);
        false
    }

    /// Answers 503: we are full.
    pub(super) fn refuse_full(&mut self, peer: Peer, request: &Message) {
        let extra = Extra {
            own: &[("Retry-After", RETRY_AFTER)],
            ..Extra::NONE
        };
        self.refuse_with(peer, request, 503, &extra);
    }
}

/// What a request lacks that every request must have (8.1.1, 8.2).
fn fault_of(view: View<'_>) -> Option<&'static str> {
    if view.call_id().is_none() {
        Some("Missing Call-ID")
    } else if view.from().is_none() {
        Some("Missing or Bad From")
    } else if view.to().is_none() {
        Some("Missing or Bad To")
    } else {
        match view.cseq() {
            None => Some("Missing or Bad CSeq"),
            Some(cseq) if cseq.number > i32::MAX.unsigned_abs() => Some("CSeq Too High"),
            Some(_) if !view.cseq_matches_method() => Some("CSeq Does Not Match Method"),
            Some(_) => None,
        }
    }
}

/// Seconds after which somebody whom we were too full for may come again.
pub(super) const RETRY_AFTER: &[u8] = b"5";

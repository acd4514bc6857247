//! SUBSCRIBE and NOTIFY (RFC 6665) for the one package that we have: `message-summary` (RFC 3842).
//!
//! A phone is told of its own user's messages, whatever address it asks for: who it is was proved. A subscription lives as
//! long as its dialog, whose tag nobody else knows: a refresh needs no password again, as no request inside a call does.

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Mono, Now, PhoneId};
use offhook_sip_message::{Message, Method, Name, View};

use super::Stack;
use crate::deadlines::Timer;
use crate::subscriptions::Subscription;
use crate::transaction::{ClientUser, Tag};
use crate::wire::{self, Dialog, Extra, Sequence};
use crate::{Body, Event, FlowId, Headers, Peer, SubscriptionId};

impl Stack {
    /// A phone wants to be told.
    pub(super) fn on_subscribe(&mut self, now: Now, peer: Peer, phone: PhoneId, request: &Message) {
        let Some(wanted) = self.wanted(now, peer, request) else {
            return;
        };
        let tag = Tag(self.layer.random());
        let Some(dialog) = Dialog::of_invite(request, tag, peer) else {
            return self.answer_at_once(now, peer, request, 400, &[]);
        };
        if !self.answer_subscribe(now, peer, request, (Some(tag), wanted)) {
            return;
        }
        // A phone that starts anew has forgotten its old one, and one has no more than it may have contacts.
        let before = self.subscriptions.at(phone, &dialog.target);
        let most = self.config.limits.contacts_per_phone.max(1);
        let all = self.subscriptions.of(phone);
        let kept = all.len() - before.len();
        let oldest = all.into_iter().filter(|id| !before.contains(id));
        let surplus: Vec<_> = oldest.take((kept + 1).saturating_sub(most)).collect();
        for id in before.into_iter().chain(surplus) {
            self.forget_subscription(id);
        }
        let event = request.view().header(Name::Event).unwrap_or_default();
        let id = self.subscriptions.insert(Subscription {
            phone,
            dialog,
            event: Bytes::copy_from_slice(event),
            expires_at: now.mono + wanted,
            armed: None,
            told: None,
            notifying: false,
            stale: false,
        });
        self.arm_subscription(id);
        self.layer.event(Event::Subscribed {
            subscription: id,
            phone,
        });
    }

    /// A request inside the dialog of a subscription.
    pub(super) fn on_inside_subscription(
        &mut self,
        now: Now,
        peer: Peer,
        id: SubscriptionId,
        request: &Message,
    ) {
        if !self.can_do(peer, request, &[]) {
            return;
        }
        let view = request.view();
        let known = self.subscriptions.get(id);
        let Some(subscription) =
            known.filter(|known| known.dialog.is_with(view.call_id(), view.from_tag()))
        else {
            return self.refuse(peer, request, 481, "");
        };
        let number = view.cseq().map_or(0, |cseq| cseq.number);
        if subscription.dialog.sequence(number) == Sequence::Old {
            return self.refuse(peer, request, 500, "CSeq Out Of Order");
        }
        if view.method() != Some(Method::Subscribe) {
            return self.answer_at_once(now, peer, request, 405, &[("Allow", b"SUBSCRIBE")]);
        }
        let Some(wanted) = self.wanted(now, peer, request) else {
            return;
        };
        if !self.answer_subscribe(now, peer, request, (None, wanted)) {
            return;
        }
        let Some(subscription) = self.subscriptions.get(id) else {
            return;
        };
        subscription.dialog.refresh_target(request);
        subscription.dialog.peer = peer;
        subscription.expires_at = now.mono + wanted;
        let phone = subscription.phone;
        self.arm_subscription(id);
        // RFC 6665 4.2.1.2: a refresh is answered with the whole state, like the first.
        self.layer.event(Event::Subscribed {
            subscription: id,
            phone,
        });
    }

    /// How long the subscription is to live; `None` when the request cannot be granted, and was answered.
    fn wanted(&mut self, now: Now, peer: Peer, request: &Message) -> Option<Duration> {
        let view = request.view();
        let expiry = self.config.expiry;
        let min = expiry.min.as_secs().to_string();
        let (status, own): (_, &[(&str, &[u8])]) = if !is_our_package(view) {
            (489, &[("Allow-Events", PACKAGE)])
        } else if !accepts_our_type(view) {
            (406, &[])
        } else {
            let wanted = view
                .expires()
                .map_or(DEFAULT, |seconds| Duration::from_secs(seconds.into()));
            // 0 asks once, or ends it.
            if wanted.is_zero() || wanted >= expiry.min {
                return Some(wanted.min(expiry.max));
            }
            (423, &[("Min-Expires", min.as_bytes())])
        };
        self.answer_at_once(now, peer, request, status, own);
        None
    }

    /// 200 with the time granted. False when the request is a copy.
    fn answer_subscribe(
        &mut self,
        now: Now,
        peer: Peer,
        request: &Message,
        (tag, granted): (Option<Tag>, Duration),
    ) -> bool {
        let Some(slot) = self.layer.start_server(now, peer, request) else {
            return false;
        };
        self.layer.set_server_user(slot, None, None);
        let seconds = granted.as_secs().to_string();
        let extra = Extra {
            tag,
            contact: true,
            own: &[("Expires", seconds.as_bytes())],
            ..Extra::NONE
        };
        self.layer.respond(now, slot, request, 200, &extra);
        true
    }

    /// The owner tells what there is. While a NOTIFY waits for its answer only the newest is kept.
    pub(super) fn notify(&mut self, now: Now, id: SubscriptionId, body: Body) {
        let Some(subscription) = self.subscriptions.get(id) else {
            return;
        };
        subscription.told = Some(body);
        if subscription.notifying {
            subscription.stale = true;
            return;
        }
        let left = subscription.expires_at - now.mono;
        if left.is_zero() {
            return self.end_subscription(now, id, "timeout");
        }
        subscription.notifying = true;
        let seconds = left.as_millis().div_ceil(1_000);
        self.send_notify(now, id, &format!("active;expires={seconds}"));
    }

    /// The answer to a NOTIFY. One that is refused ends the subscription (RFC 6665 4.2.2).
    pub(super) fn on_notified(&mut self, now: Now, id: SubscriptionId, status: u16) {
        if status >= 300 {
            return self.forget_subscription(id);
        }
        let Some(subscription) = self.subscriptions.get(id) else {
            return;
        };
        subscription.notifying = false;
        if std::mem::take(&mut subscription.stale)
            && let Some(body) = subscription.told.clone()
        {
            self.notify(now, id, body);
        }
    }

    /// The time of a subscription is over.
    pub(super) fn on_subscription_timeout(&mut self, now: Now, id: SubscriptionId, at: Mono) {
        let Some(subscription) = self
            .subscriptions
            .get(id)
            .filter(|known| known.armed == Some(at))
        else {
            return;
        };
        subscription.armed = None;
        if subscription.expires_at <= now.mono {
            self.end_subscription(now, id, "timeout");
        } else {
            self.arm_subscription(id);
        }
    }

    /// The phone has no account any more, or another name.
    pub(super) fn end_subscriptions_of(&mut self, now: Now, phone: PhoneId) {
        for id in self.subscriptions.of(phone) {
            self.end_subscription(now, id, "noresource");
        }
    }

    pub(super) fn on_subscriptions_flow_closed(&mut self, flow: FlowId) {
        for id in self.subscriptions.on(flow) {
            self.forget_subscription(id);
        }
    }

    fn end_subscription(&mut self, now: Now, id: SubscriptionId, reason: &str) {
        self.send_notify(now, id, &format!("terminated;reason={reason}"));
        self.forget_subscription(id);
    }

    fn forget_subscription(&mut self, id: SubscriptionId) {
        if self.subscriptions.remove(id).is_some() {
            self.layer.event(Event::Unsubscribed { subscription: id });
        }
    }

    fn send_notify(&mut self, now: Now, id: SubscriptionId, state: &str) {
        let Some(subscription) = self.subscriptions.get(id) else {
            return;
        };
        if !self.layer.has_room() {
            // It is told with the next news, or asks again.
            subscription.notifying = false;
            return;
        }
        let headers: Headers = vec![
            (Bytes::from_static(b"Event"), subscription.event.clone()),
            (
                Bytes::from_static(b"Subscription-State"),
                Bytes::from(state.to_owned()),
            ),
        ];
        let dialog = &mut subscription.dialog;
        let (cseq, peer) = (dialog.next_cseq(), dialog.peer);
        let branch = self.layer.branch();
        let body = subscription.told.as_ref();
        let bytes = self.layer.write(|out, locals| {
            wire::in_dialog(out, locals, dialog, branch, b"NOTIFY", cseq, &headers, body);
        });
        let user = ClientUser::Notify(id);
        let key = (branch, Method::Notify);
        self.layer.start_client(now, peer, user, None, key, bytes);
    }

    fn arm_subscription(&mut self, id: SubscriptionId) {
        if let Some(subscription) = self.subscriptions.get(id) {
            let next = Some(subscription.expires_at);
            let timer = Timer::Subscription(id);
            self.layer
                .deadlines
                .arm(timer, &mut subscription.armed, next);
        }
    }
}

fn is_our_package(view: View<'_>) -> bool {
    let event = view.header(Name::Event).unwrap_or_default();
    let package = event.split(|octet| *octet == b';').next();
    package.is_some_and(|package| package.trim_ascii().eq_ignore_ascii_case(PACKAGE))
}

/// Without Accept the package's own type is meant (RFC 3842 3.5).
fn accepts_our_type(view: View<'_>) -> bool {
    let mut types = view.elements(Name::Accept).peekable();
    types.peek().is_none()
        || types.any(|accepted| {
            let accepted = accepted.split(|octet| *octet == b';').next();
            let is = |known: &[u8]| {
                accepted.is_some_and(|one| one.trim_ascii().eq_ignore_ascii_case(known))
            };
            is(b"application/simple-message-summary") || is(b"application/*") || is(b"*/*")
        })
}

const PACKAGE: &[u8] = b"message-summary";
/// RFC 3842 3.4.
const DEFAULT: Duration = Duration::from_secs(3_600);

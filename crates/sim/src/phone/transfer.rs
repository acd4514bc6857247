//! Blind transfer, as the side that asks for it (RFC 3515): a REFER in the dialog, and the NOTIFYs that tell what
//! became of it.
//!
//! ```text
//!        refer             202                   final NOTIFY            a moment later
//!   None ──────> Asked ─────────────> Accepted ───────────────> Result ────────────────> Over
//!     ^            │ NOTIFY: kept       │  ^                     │ BYE: too early
//!     │            │ for the answer     └──┘ other NOTIFY        │ NOTIFY: too many
//!     └────────────┘                    overdue: NotifyMissing
//!        ≥ 300
//! ```
//!
//! The answer to the last NOTIFY takes a moment, so that a BYE that does not wait for it is seen.
//!
//! A subscription outlives the call's BYE (RFC 5057, section 4): a NOTIFY after it is answered 200 while our BYE is
//! on its way, and 481 after that; both are what phones do.

use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{Name, View};

use super::call::{Action, Call, Phase};
use super::client::Purpose;
use super::requests::describe;
use super::server::ServerKey;
use super::{AfterRefer, CallRef, Phone, PhoneEvent, Rule, TransferNews, TransferOrder};

/// How long the PBX may take to tell a transfer's result, in units of 64 × T1: a target rings half a minute, and the
/// next one after it.
const PATIENCE: u32 = 4;

/// How long the last NOTIFY waits for its answer.
const MOMENT: Duration = Duration::from_millis(50);

/// What became of our REFER.
#[derive(Debug)]
pub(super) enum Transfer {
    None,
    /// The REFER has no final answer yet.
    Asked {
        order: TransferOrder,
        refer_to: Vec<u8>,
        referred_by: Option<Vec<u8>>,
        /// NOTIFYs that overtook the 202 (RFC 6665, section 4.1.2.4), in order: the status each told.
        early: Vec<u16>,
    },
    Accepted {
        order: TransferOrder,
        notified: bool,
    },
    /// The last NOTIFY came; its answer is due in a moment.
    Result {
        order: TransferOrder,
        notified: bool,
        notify: ServerKey,
        status: u16,
    },
    Over,
}

impl Call {
    /// Whether a NOTIFY may still come after this call is over.
    pub(super) const fn is_transferring(&self) -> bool {
        matches!(
            self.transfer,
            Transfer::Asked { .. } | Transfer::Accepted { .. } | Transfer::Result { .. }
        )
    }

    /// What a REFER has beyond any request.
    pub(super) fn refer_headers(&self) -> Vec<(&'static str, Vec<u8>)> {
        match &self.transfer {
            Transfer::Asked {
                refer_to,
                referred_by,
                ..
            } => {
                let by = referred_by.clone().map(|value| ("Referred-By", value));
                [("Refer-To", refer_to.clone())]
                    .into_iter()
                    .chain(by)
                    .collect()
            }
            Transfer::None
            | Transfer::Accepted { .. }
            | Transfer::Result { .. }
            | Transfer::Over => Vec::new(),
        }
    }
}

impl Phone {
    /// How long a call that is over is kept for what may still come to it.
    pub(super) fn afterlife(&self, id: CallRef) -> Duration {
        let patience = self.config.timers.patience();
        match self.calls.get(&id).is_some_and(Call::is_transferring) {
            true => patience * PATIENCE,
            false => patience,
        }
    }

    pub(super) fn refer(&mut self, now: Mono, id: CallRef, order: TransferOrder) {
        let again = now + self.config.timers.t1;
        let refer_to = format!("<sip:{}@{}>", order.to.as_str(), self.config.domain).into_bytes();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let referred_by = order.referred_by.then(|| call.local.clone());
        match &call.phase {
            Phase::Up(up) if up.unacknowledged => self.at(again, id, Action::Refer(order)),
            Phase::Up(_) if call.is_transferring() => {}
            Phase::Up(_) => {
                call.transfer = Transfer::Asked {
                    order,
                    refer_to,
                    referred_by,
                    early: Vec::new(),
                };
                self.send_in_call(now, id, Purpose::Refer(id), false);
            }
            Phase::Calling { .. } | Phase::Ringing { .. } | Phase::Leaving | Phase::Over { .. } => {
            }
        }
    }

    /// The final answer to our REFER.
    pub(super) fn on_refer_answer(
        &mut self,
        now: Mono,
        id: CallRef,
        (response, status): (View<'_>, u16),
        authenticated: bool,
    ) {
        let is_up = self.calls.get_mut(&id).and_then(Call::up).is_some();
        if matches!(status, 401 | 407)
            && is_up
            && self.accept_challenge(now, response, authenticated)
        {
            self.send_in_call(now, id, Purpose::Refer(id), true);
            return;
        }
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Transfer::Asked { order, early, .. } =
            std::mem::replace(&mut call.transfer, Transfer::None)
        else {
            return;
        };
        if status >= 300 {
            if !early.is_empty() {
                let detail = format!("NOTIFY of {early:?}, though the REFER got {status}");
                self.violation(now, Rule::NotifyUnexpected, detail);
            }
            self.transfer_news(id, TransferNews::Refused(status));
            return;
        }
        call.transfer = Transfer::Accepted {
            order,
            notified: false,
        };
        if status != 202 {
            self.violation(now, Rule::ReferAnswer, format!("{status} to REFER"));
        }
        self.transfer_news(id, TransferNews::Accepted);
        let overdue = now + self.config.timers.patience() * PATIENCE;
        self.actions
            .retain(|_, (call, action)| *call != id || *action != Action::TransferOverdue);
        self.at(overdue, id, Action::TransferOverdue);
        for status in early {
            self.on_sipfrag(now, id, status);
        }
        if order.then == AfterRefer::HangUpWhenAccepted {
            self.send_bye(now, id);
        }
    }

    /// A NOTIFY within a call.
    pub(super) fn on_notify(&mut self, now: Mono, key: &ServerKey, id: CallRef, request: View<'_>) {
        if !is_refer(request) {
            self.respond(now, key, 200, None, None);
            return;
        }
        let status = self.read_notify(now, request);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let is_up = call.up().is_some();
        let answer = if call.is_over() { 481 } else { 200 };
        match (&mut call.transfer, status) {
            (Transfer::Accepted { order, notified }, Some(status)) if is_up && status >= 200 => {
                call.transfer = Transfer::Result {
                    order: *order,
                    notified: *notified,
                    notify: key.clone(),
                    status,
                };
                self.at(now + MOMENT, id, Action::TellResult);
                return;
            }
            (Transfer::Accepted { .. }, Some(status)) => self.on_sipfrag(now, id, status),
            (Transfer::Accepted { .. }, None) => {}
            (Transfer::Asked { early, .. }, status) => early.extend(status),
            (Transfer::None | Transfer::Result { .. } | Transfer::Over, _) => {
                self.violation(now, Rule::NotifyUnexpected, describe(request));
            }
        }
        self.respond(now, key, answer, None, None);
    }

    /// Answers the last NOTIFY, and goes by what it says.
    pub(super) fn tell_result(&mut self, now: Mono, id: CallRef) {
        let first_notify = |call: &Call| match &call.transfer {
            Transfer::Result { notified, .. } => !notified,
            Transfer::None
            | Transfer::Asked { .. }
            | Transfer::Accepted { .. }
            | Transfer::Over => false,
        };
        let first = self.calls.get(&id).is_some_and(first_notify);
        if let Some((then, status)) = self.answer_last_notify(now, id) {
            self.hang_up_if_due(now, id, then, (status, first));
        }
    }

    /// Answers the last NOTIFY, if that was not done yet: the transfer is over.
    pub(super) fn answer_last_notify(
        &mut self,
        now: Mono,
        id: CallRef,
    ) -> Option<(AfterRefer, u16)> {
        let call = self.calls.get_mut(&id)?;
        let Transfer::Result {
            order,
            notify,
            status,
            ..
        } = &call.transfer
        else {
            return None;
        };
        let (then, notify, status) = (order.then, notify.clone(), *status);
        call.transfer = Transfer::Over;
        self.respond(now, &notify, 200, None, None);
        self.transfer_news(id, TransferNews::Result(status));
        Some((then, status))
    }

    /// A NOTIFY in no dialog of ours.
    pub(super) fn on_stray_notify(&mut self, now: Mono, key: &ServerKey, request: View<'_>) {
        if is_refer(request) {
            self.violation(now, Rule::NotifyUnexpected, describe(request));
            self.respond(now, key, 481, Some("none"), None);
        } else {
            self.respond(now, key, 200, Some("none"), None);
        }
    }

    /// The status in a NOTIFY, which is judged.
    fn read_notify(&mut self, now: Mono, request: View<'_>) -> Option<u16> {
        let state = request.header(Name::SubscriptionState).unwrap_or_default();
        let word = state.split(|octet| *octet == b';').next();
        let last = word.is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"terminated"));
        let status = sipfrag_status(request.body());
        let faults = [
            ("Subscription-State", state.is_empty()),
            (
                "Content-Type: message/sipfrag",
                !request.has_content_type("message/sipfrag"),
            ),
            ("a status line in its sipfrag", status.is_none()),
            (
                "CRLF at the end of its sipfrag",
                !request.body().ends_with(b"\r\n"),
            ),
            (
                "Subscription-State: terminated, though its status is final",
                !last && status.is_some_and(|status| status >= 200),
            ),
            (
                "a final status, though the subscription is terminated",
                last && status.is_some_and(|status| status < 200),
            ),
        ];
        for (what, _) in faults.into_iter().filter(|(_, wrong)| *wrong) {
            self.violation(
                now,
                Rule::NotifyMalformed,
                format!(
                    "NOTIFY without {what}: {:?}",
                    String::from_utf8_lossy(request.body())
                ),
            );
        }
        status
    }

    /// What the PBX says of the new target, without more ado.
    fn on_sipfrag(&mut self, now: Mono, id: CallRef, status: u16) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Transfer::Accepted { order, notified } = &mut call.transfer else {
            let detail = format!("{status} after the result");
            self.violation(now, Rule::NotifyUnexpected, detail);
            return;
        };
        let then = order.then;
        let first = !std::mem::replace(notified, true);
        if status < 200 {
            self.transfer_news(id, TransferNews::Progress(status));
        } else {
            call.transfer = Transfer::Over;
            self.transfer_news(id, TransferNews::Result(status));
        }
        self.hang_up_if_due(now, id, then, (status, first));
    }

    fn hang_up_if_due(
        &mut self,
        now: Mono,
        id: CallRef,
        then: AfterRefer,
        (status, first): (u16, bool),
    ) {
        let wants_out = match then {
            AfterRefer::HangUpWhenAccepted => false,
            AfterRefer::HangUpWhenNotified => first || (200..300).contains(&status),
            AfterRefer::Wait => (200..300).contains(&status),
        };
        if wants_out {
            self.send_bye(now, id);
        }
    }

    /// The PBX hangs up while a transfer of ours has no result.
    pub(super) fn bye_while_transferring(&mut self, now: Mono, id: CallRef) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let detail = match &call.transfer {
            Transfer::Accepted { .. } if matches!(call.phase, Phase::Up(_)) => {
                "before the last NOTIFY"
            }
            Transfer::Result { .. } => "before the last NOTIFY was answered",
            Transfer::None
            | Transfer::Asked { .. }
            | Transfer::Accepted { .. }
            | Transfer::Over => return,
        };
        self.violation(now, Rule::ByeBeforeResult, detail.to_owned());
    }

    pub(super) fn transfer_overdue(&mut self, now: Mono, id: CallRef) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.is_transferring() && call.up().is_some() {
            call.transfer = Transfer::Over;
            let detail = "no NOTIFY of the transfer's result".to_owned();
            self.violation(now, Rule::NotifyMissing, detail);
        }
    }

    pub(super) fn transfer_news(&mut self, call: CallRef, news: TransferNews) {
        self.event(PhoneEvent::Transfer { call, news });
    }
}

fn is_refer(request: View<'_>) -> bool {
    let event = request.header(Name::Event).unwrap_or_default();
    let package = event.split(|octet| *octet == b';').next();
    package.is_some_and(|package| package.trim_ascii().eq_ignore_ascii_case(b"refer"))
}

/// The status of a sipfrag that starts with a status line (RFC 3420, section 2; RFC 3515, section 2.4.5).
fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let line = body.split(|octet| *octet == b'\r').next()?;
    let rest = line.strip_prefix(b"SIP/2.0 ")?;
    let digits = rest.get(..3)?;
    let status: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let ends = rest.get(3).is_none_or(|octet| *octet == b' ');
    (ends && (100..700).contains(&status)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3420_2_a_sipfrag_starts_with_a_status_line() {
        assert_eq!(sipfrag_status(b"SIP/2.0 100 Trying\r\n"), Some(100));
        assert_eq!(sipfrag_status(b"SIP/2.0 486\r\n"), Some(486));
        for none in [
            &b""[..],
            b"SIP/2.0 ",
            b"SIP/2.0 99 x\r\n",
            b"SIP/2.0 2000 OK\r\n",
            b"SIP/1.0 200 OK\r\n",
            b"INVITE sip:a@b SIP/2.0\r\n",
        ] {
            assert_eq!(sipfrag_status(none), None);
        }
    }
}

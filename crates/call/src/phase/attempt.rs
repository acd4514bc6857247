//! One target that is being tried: one call, one INVITE a contact, all at once (parallel forking).

use std::collections::VecDeque;
use std::time::Duration;

use offhook_base::{CallId, Mono, TerminatedBy};
use offhook_sip_core::{Body, Command, Headers, InviteOut, LegId};
use offhook_sip_message::Message;

use super::dial::Reach;
use super::{Context, end_headers};
use crate::cause::{EndCause, rank, towards_caller};
use crate::convey;
use crate::effect::Effect;
use crate::fence::Class;
use crate::record::End;

/// Reason of a CANCEL to a phone that lost because another one answered (RFC 3326; phones then show no missed call).
pub(crate) const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";
/// Reason of a CANCEL because nobody waits any more.
pub(crate) const GIVEN_UP: &str = "SIP;cause=487;text=\"ORIGINATOR_CANCEL\"";

/// A target whose contacts ring. The call's first event is recorded before its INVITEs leave.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) call: CallId,
    branches: Vec<Branch>,
    /// Contacts to be tried, one after the other, when those before could not take the call.
    spare: VecDeque<(Reach, InviteOut)>,
    /// The best final answer of the branches that have ended.
    refused: Option<Refusal>,
    rung: bool,
    pub(crate) gives_up_at: Mono,
}

/// A branch of the fork that has not ended.
#[derive(Debug)]
struct Branch {
    leg: LegId,
    reach: Reach,
    /// The last provisional response with an SDP: early media, passed on once no other branch is alive.
    early: Option<Message>,
}

#[derive(Debug)]
struct Refusal {
    status: u16,
    response: Option<Message>,
}

/// What a provisional response is to the caller.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The target rings, which was not known before: it is recorded.
    pub(crate) first: bool,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    /// Early media, and the host it comes from.
    pub(crate) early: Option<(Body, std::net::IpAddr)>,
}

/// Who answered.
#[derive(Debug)]
pub(crate) struct Winner {
    pub(crate) call: CallId,
    pub(crate) leg: LegId,
    pub(crate) reach: Reach,
}

/// Why a target did not answer, and what the caller is told of it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) end: End,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
}

impl Failure {
    /// A failure of our own making.
    pub(crate) fn ours(cause: offhook_base::Cause, status: u16) -> Self {
        Self {
            end: End::new(cause, TerminatedBy::System),
            status,
            headers: vec![convey::reason(cause)],
        }
    }
}

impl Attempt {
    /// Rings all `contacts` of an open call, once its first event is committed. Each `spare` one is tried by itself when
    /// those before it could not take the call.
    pub(crate) fn open(
        cx: &mut Context<'_>,
        call: CallId,
        contacts: Vec<(Reach, InviteOut)>,
        spare: VecDeque<(Reach, InviteOut)>,
        ring: Duration,
    ) -> Self {
        let mut attempt = Self {
            call,
            branches: Vec::with_capacity(contacts.len()),
            spare,
            refused: None,
            rung: false,
            gives_up_at: cx.now.mono + ring,
        };
        for (reach, invite) in contacts {
            attempt.invite(cx, reach, invite);
        }
        while attempt.branches.is_empty()
            && let Some((reach, invite)) = attempt.spare.pop_front()
        {
            attempt.invite(cx, reach, invite);
        }
        if attempt.branches.is_empty() {
            // Another call took the last line in between: the attempt is over as soon as it is looked at.
            attempt.gives_up_at = cx.now.mono;
        }
        attempt
    }

    fn invite(&mut self, cx: &mut Context<'_>, reach: Reach, invite: InviteOut) {
        let leg = cx.new_leg(self.call);
        if let Some(trunk) = reach.trunk
            && !cx.office.take_line(leg, trunk)
        {
            return;
        }
        let target = reach.target.clone();
        let command = Command::Invite {
            leg,
            target,
            invite,
        };
        cx.held(leg, Class::Opens, command);
        self.branches.push(Branch {
            leg,
            reach,
            early: None,
        });
    }

    pub(crate) fn has(&self, leg: LegId) -> bool {
        self.branches.iter().any(|branch| branch.leg == leg)
    }

    /// Whether a phone has said that it rings.
    pub(crate) const fn rings(&self) -> bool {
        self.rung
    }

    /// A provisional response; `None` when the caller hears nothing of it.
    ///
    /// The caller sees one dialog: no SDP in a provisional response while more than one branch is alive.
    pub(crate) fn on_provisional(
        &mut self,
        cx: &mut Context<'_>,
        leg: LegId,
        response: &Message,
    ) -> Option<Progress> {
        let status = response
            .view()
            .status()
            .filter(|status| (101..200).contains(status))?;
        let alone = self.branches.len() == 1;
        let branch = self.branches.iter_mut().find(|branch| branch.leg == leg)?;
        let progress = |first, early| Progress {
            first,
            status,
            headers: convey::headers(response),
            early,
        };
        if !matches!(status, 180 | 183) {
            // 181 and 182 tell of forwarding and queueing: passed on, but a phone does not ring for them.
            return alone.then(|| progress(false, None));
        }
        let early = convey::body(response).filter(convey::is_sdp);
        if early.is_some() {
            branch.early = Some(response.clone());
        }
        let host = branch.reach.host;
        let first = !std::mem::replace(&mut self.rung, true);
        if first {
            cx.ringing(self.call);
        }
        if alone {
            return Some(progress(first, early.map(|body| (body, host))));
        }
        first.then(|| Progress {
            first,
            status: 180,
            headers: Vec::new(),
            early: None,
        })
    }

    /// One branch is left: what it said while others were alive, with its SDP.
    pub(crate) fn early_of_the_last(&mut self) -> Option<Progress> {
        let [branch] = self.branches.as_mut_slice() else {
            return None;
        };
        let response = branch.early.take()?;
        let host = branch.reach.host;
        Some(Progress {
            first: false,
            status: response.view().status().unwrap_or(183),
            headers: convey::headers(&response),
            early: convey::body(&response).map(|body| (body, host)),
        })
    }

    /// A 2xx. The branches that lost are given up. `None` when the leg is none that rings.
    pub(crate) fn on_answered(&mut self, cx: &mut Context<'_>, leg: LegId) -> Option<Winner> {
        let place = self.branches.iter().position(|branch| branch.leg == leg)?;
        let winner = self.branches.swap_remove(place);
        self.cancel(cx, ELSEWHERE);
        Some(Winner {
            call: self.call,
            leg,
            reach: winner.reach,
        })
    }

    /// A final answer of 300 or above. `Err` when nobody is left: why.
    pub(crate) fn on_refused(
        &mut self,
        cx: &mut Context<'_>,
        leg: LegId,
        status: u16,
        response: Option<Message>,
    ) -> Result<Option<Progress>, Failure> {
        let before = self.branches.len();
        self.branches.retain(|branch| branch.leg != leg);
        if self.branches.len() == before {
            return Ok(None);
        }
        if self
            .refused
            .as_ref()
            .is_none_or(|best| rank(status) < rank(best.status))
        {
            self.refused = Some(Refusal { status, response });
        }
        // A trunk that said that it rings has taken the call: another one would ring the same people again.
        while self.branches.is_empty()
            && !self.rung
            && could_not_take(status)
            && let Some((reach, invite)) = self.spare.pop_front()
        {
            self.invite(cx, reach, invite);
        }
        if before == 1 && !self.branches.is_empty() {
            return Ok(None);
        }
        // RFC 3261 §16.7 step 5: a 6xx speaks for the user, on all phones.
        if self.branches.is_empty() || status >= 600 {
            self.cancel(cx, GIVEN_UP);
            return Err(self.failure());
        }
        Ok(self.early_of_the_last())
    }

    /// Somebody answered whom nobody waits for any more: this leg is hung up, the others are given up.
    pub(crate) fn let_go(&mut self, cx: &mut Context<'_>, leg: LegId) {
        self.branches.retain(|branch| branch.leg != leg);
        cx.not_wanted(leg);
        self.cancel(cx, GIVEN_UP);
    }

    /// Gives up what still rings.
    pub(crate) fn cancel(&mut self, cx: &mut Context<'_>, reason: &'static str) {
        for branch in self.branches.drain(..) {
            cx.effects.push(Effect::Cancel {
                leg: branch.leg,
                phone: branch.reach.phone,
                reason,
            });
        }
        self.spare.clear();
    }

    /// Why nobody answered, by the best answer of the branches.
    fn failure(&mut self) -> Failure {
        let (status, response) = self
            .refused
            .take()
            .map_or((480, None), |best| (best.status, best.response));
        // Without a response the phone did not end the call: it was not there, or could not be reached.
        let by = if response.is_some() {
            TerminatedBy::Callee
        } else {
            TerminatedBy::System
        };
        let cause = offhook_base::Cause {
            sip: status,
            ..convey::cause_of(response.as_ref(), EndCause::Status(status), status).cause()
        };
        let warning = response
            .as_ref()
            .filter(|_| matches!(status, 488 | 606))
            .and_then(convey::warning);
        Failure {
            end: End::new(cause, by).with_info(warning.unwrap_or_default()),
            status: towards_caller(status),
            headers: end_headers(response.as_ref(), cause),
        }
    }
}

/// Whether a trunk's answer says that this way is closed, not that the called party declined: another may be tried.
const fn could_not_take(status: u16) -> bool {
    matches!(status, 408 | 500..=599)
}

//! What changes a call that is answered from outside of its media: transfer, and hold by the API.

use bytes::Bytes;
use offhook_base::{TerminatedBy, UserId};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, LegId, TxId};
use offhook_sip_message::sdp::Direction;
use offhook_sip_message::{Message, Name};

use super::Connected;
use crate::cause::EndCause;
use crate::command::{ApiAnswer, ApiRefusal, TransferParty};
use crate::convey;
use crate::hold::Holds;
use crate::phase::dial::user_part;
use crate::phase::own::{Own, Why};
use crate::phase::transfer::{self, Line, Obstacle, Requester, TransferRequest};
use crate::phase::{Context, Dial, Phase, Waiting};
use crate::record::Participant;

impl Connected {
    /// A phone wants the other side to call somebody else. What is refused leaves the call as it is.
    pub(super) fn on_refer(
        self: Box<Self>,
        cx: &mut Context<'_>,
        leg: LegId,
        tx: TxId,
        request: &Message,
    ) -> Phase {
        let config = &cx.office.config;
        let dst = transfer::refer_to(request, &|host| config.is_own_host(host));
        let request = match dst {
            Ok(dst) => TransferRequest {
                dst,
                party: Some(match self.side_of(leg) {
                    Side::A => TransferParty::Dst,
                    Side::B => TransferParty::Src,
                }),
                by: Requester::Refer {
                    leg,
                    tx,
                    cseq: request.view().cseq().map_or(0, |cseq| cseq.number),
                },
            },
            Err(status) => {
                cx.reply(leg, tx, status, Vec::new());
                return Phase::Connected(self);
            }
        };
        self.on_transfer(cx, request)
    }

    pub(super) fn on_transfer(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        request: TransferRequest,
    ) -> Phase {
        let (src, dst, clid) = cx.calls.innermost().map_or_else(Default::default, |call| {
            (call.src.clone(), call.dst.clone(), call.clid.clone())
        });
        // Between two users the caller is moved, else who is no user of ours.
        let usual = if src.user.is_some() && dst.user.is_none() {
            TransferParty::Dst
        } else {
            TransferParty::Src
        };
        let party = request.party.unwrap_or(usual);
        let (moved, back) = match party {
            TransferParty::Src => (src, dst),
            TransferParty::Dst => (dst, src),
        };
        if let Err(obstacle) = self.may_transfer(cx, &request, &moved, &back) {
            request.by.refuse(cx, obstacle);
            return Phase::Connected(self);
        }
        let (leg, apart, by) = match party {
            TransferParty::Src => (self.caller, self.callee, TerminatedBy::Callee),
            TransferParty::Dst => (self.callee, self.caller, TerminatedBy::Caller),
        };
        if party == TransferParty::Dst {
            self.media.turn_round();
        }
        let by = match request.by {
            Requester::Api { .. } => TerminatedBy::Api,
            Requester::Refer { .. } => by,
        };
        self.media.hold(None, cx.effects);
        let line = Line {
            leg: apart,
            parted: self.media.part(cx.effects),
            holds: self.holds.turned(party == TransferParty::Dst),
        };
        let on_behalf = back.user.or(self.on_behalf).or(moved.user);
        let referred_by = format!(
            "<sip:{}@{}>",
            user_part(&back.number),
            cx.office.config.host
        );
        let referred_by = Bytes::from(referred_by);
        let waiting = Waiting {
            leg,
            unanswered: None,
            committed_by: None,
            dial: Dial::of(
                &moved,
                vec![(
                    Bytes::from_static(Name::ReferredBy.as_str().as_bytes()),
                    referred_by,
                )],
            ),
            clid: match party {
                TransferParty::Src => clid,
                TransferParty::Dst => moved.clid(),
            },
            party: moved,
            on_behalf,
            caller_id: None,
            media: self.media,
            parent: None,
            referred_by: String::new(),
            transfer: None,
            departing: None,
            held: None,
            replaced: None,
        };
        transfer::begin(cx, waiting, request, back, line, by)
    }

    fn may_transfer(
        &self,
        cx: &Context<'_>,
        request: &TransferRequest,
        moved: &Participant,
        back: &Participant,
    ) -> Result<(), Obstacle> {
        let settled = self.own.is_none()
            && self.departing.is_none()
            && self.telling.is_none()
            && !self.owes_ack
            && self.relayed.is_empty()
            && cx.committed;
        if !settled {
            return Err(Obstacle::InProgress);
        }
        // Who transfers outwards pays for it: an outsider has nothing to pay with.
        let steered = match request.by {
            Requester::Api { .. } => moved.user.or(back.user),
            Requester::Refer { .. } => back.user,
        };
        if steered.is_none() {
            return Err(Obstacle::Outsider);
        }
        transfer::check(cx, &request.dst, moved, back)
    }

    /// Hold or resume by the API: the other side of `by` is told so, and nothing passes between the two. Who resumes may be
    /// another than who held: it is the side that was told which is told again.
    pub(super) fn on_hold(&mut self, cx: &mut Context<'_>, token: u64, held: bool, by: UserId) {
        let refusal = if self.own.is_some() || !self.relayed.is_empty() || self.owes_ack {
            Some("the call is being changed")
        } else if self.holds.by_us().is_some() == held {
            if !held && self.holds.by_phone() {
                Some("a phone holds the call; only that phone can resume it")
            } else {
                return cx.reply_api(token, Ok(ApiAnswer::Done));
            }
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return cx.reply_api(token, Err(ApiRefusal::Conflict(refusal)));
        }
        // Who is in none of it, such as an admin, asks for the side that is a user of ours; the called one of two.
        let asks = cx.calls.innermost().map_or(Side::B, |call| {
            let (src, dst) = (call.src.user, call.dst.user);
            let is_caller = src == Some(by) || (dst != Some(by) && dst.is_none() && src.is_some());
            if is_caller { Side::A } else { Side::B }
        });
        let holder = self.holds.by_us().unwrap_or(asks);
        let direction = match held {
            true => self.media.held_direction(),
            false if self.holds.by_phone_of(holder) => Direction::SendOnly,
            false => Direction::SendRecv,
        };
        let Some(octets) = self.media.offer_again(holder, Some(direction)) else {
            let refusal = ApiRefusal::Conflict("the call has no audio that could be held");
            return cx.reply_api(token, Err(refusal));
        };
        let side = holder.other();
        let why = Why::Hold { token, held };
        self.own = Some(Own::send(cx, (side, self.leg_of(side)), sdp(octets), why));
    }

    /// A side hears by a re-INVITE what its partner said last.
    fn align(&mut self, cx: &mut Context<'_>, side: Side) {
        if let Some(octets) = self.media.offer_again(side.other(), None) {
            let leg = self.leg_of(side);
            self.own = Some(Own::send(cx, (side, leg), sdp(octets), Why::Align));
        }
    }

    /// The first side hears who its new partner is.
    pub(crate) fn introduce(&mut self, cx: &mut Context<'_>) {
        self.align(cx, Side::A);
    }

    /// The first side spoke while the two were apart, and was answered by us: the second hears what it said, then the
    /// first how its partner wants media if that is not what we said. What we hold hears it when we resume.
    pub(crate) fn meet_again(&mut self, cx: &mut Context<'_>) {
        if self.holds.by_us().is_none() {
            self.meets_again = true;
            self.align(cx, Side::B);
        }
    }

    /// A re-INVITE of ours that met another one is sent again, with what is true by now.
    pub(super) fn ask_again(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        let due = |own: &mut Own| own.again_at.is_some_and(|at| at <= now);
        if let Some(mut own) = self.own.take_if(due)
            && let Some(octets) = self.media.offer_again(own.side.other(), None)
        {
            own.try_again(cx, sdp(octets));
            self.own = Some(own);
        }
    }

    /// The two have agreed on the session by themselves: a re-INVITE of ours that waits has become needless.
    pub(super) fn have_agreed(&mut self) {
        self.own.take_if(|own| own.waits());
    }

    /// A re-INVITE of ours was answered.
    pub(super) fn on_own_response(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        own: Own,
        response: &Message,
    ) -> Phase {
        let status = response.view().status().unwrap_or(500);
        if status >= 300 {
            return self.on_own_refused(cx, own, status);
        }
        let leg = own.leg;
        cx.free(leg, Command::Ack { leg, body: None });
        let before = self.holds.any();
        if let Some(body) = convey::body(response).filter(convey::is_sdp) {
            self.media.hear(own.side, &body.octets, cx.effects);
            // To a hold of ours a side can only agree; else its answer says whether it holds itself.
            if !matches!(own.why, Why::Hold { held: true, .. }) {
                self.holds.on_answer(own.side, &body.octets);
            }
        }
        let holder = own.side.other();
        match own.why {
            Why::Align => {
                self.record_hold(cx, before);
                if std::mem::take(&mut self.meets_again) && !self.media.knows(holder) {
                    self.align(cx, holder);
                }
            }
            Why::Hold { token, held } => {
                self.holds.set_ours(held.then_some(holder));
                self.media.hold(held.then_some(own.side), cx.effects);
                self.record_hold(cx, before);
                cx.reply_api(token, Ok(ApiAnswer::Done));
                // Its phone may have asked something meanwhile, and was told that nothing flows.
                if !held && !self.media.knows(holder) {
                    self.align(cx, holder);
                }
            }
        }
        Phase::Connected(self)
    }

    /// A re-INVITE of ours was refused, or not answered.
    pub(super) fn on_own_refused(
        mut self: Box<Self>,
        cx: &mut Context<'_>,
        mut own: Own,
        status: u16,
    ) -> Phase {
        // RFC 3261 §12.2.1.2: the other side does not know the dialog any more.
        if matches!(status, 408 | 481) {
            self.own = Some(own);
            let cause = EndCause::TemporaryFailure.with_sip(200);
            return self.end_both(cx, cause, TerminatedBy::System);
        }
        if status == 491 && own.glare(cx) {
            self.own = Some(own);
            return Phase::Connected(self);
        }
        match own.why {
            // The two speak what they spoke before; where that differs they cannot hear each other, and hang up.
            Why::Align => {
                tracing::debug!(status, "a side refused to hear of its new partner");
                let other = own.side.other();
                if std::mem::take(&mut self.meets_again) && !self.media.knows(other) {
                    self.align(cx, other);
                }
            }
            Why::Hold { token, .. } => {
                let refusal = ApiRefusal::Conflict("the other phone refused");
                cx.reply_api(token, Err(refusal));
            }
        }
        Phase::Connected(self)
    }
}

fn sdp(octets: Bytes) -> Body {
    Body {
        content_type: Bytes::from_static(b"application/sdp"),
        octets,
    }
}

impl Holds {
    /// As seen by the party that is moved: it comes first from here on.
    fn turned(self, turned: bool) -> Self {
        if turned { self.swapped() } else { self }
    }
}

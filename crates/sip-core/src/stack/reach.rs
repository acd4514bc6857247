//! Legs whose connection closed: their phone is looked for where it registered since.

use offhook_base::{Mono, Now};

use super::Stack;
use super::inside::Asked;
use crate::leg::{Away, Confirmed, InviteUse, Phase};
use crate::transaction::ClientUser;
use crate::{Event, FlowId, LegId, Peer};

impl Stack {
    /// A connection closed: what becomes of the legs on it.
    pub(super) fn on_legs_flow_closed(&mut self, now: Now, flow: FlowId) {
        for id in self.legs.on_flow(flow) {
            let Some(leg) = self.legs.get(id) else {
                continue;
            };
            match &mut leg.phase {
                // RFC 3261 18.2.2: the answer takes another way when the one of the INVITE is closed.
                Phase::Incoming(incoming) if incoming.dialog.peer.flow != flow => {
                    incoming.peer = incoming.dialog.peer;
                    self.layer.move_server(incoming.slot, incoming.peer);
                }
                Phase::Incoming(incoming) => {
                    let given_up = !std::mem::replace(&mut incoming.cancelled, true);
                    leg.away = Some(Away { until: None });
                    if given_up {
                        let reason = None;
                        self.layer.event(Event::Cancelled { leg: id, reason });
                    }
                }
                Phase::Confirmed(_) => self.look_for(now, id),
                Phase::Ending(_) => {
                    leg.away = Some(Away { until: None });
                    self.reach(id);
                }
                Phase::Outgoing(_) | Phase::Over(_) => {}
            }
            self.legs.file(id);
        }
    }

    /// The phone of an answered leg has 64 × T1 to be registered from elsewhere.
    pub(super) fn look_for(&mut self, now: Now, id: LegId) {
        if let Some(leg) = self.legs.get(id) {
            let until = Some(now.mono + self.layer.timers.patience());
            leg.away = Some(Away { until });
            if self.reach(id).is_none() {
                self.arm_leg(id);
            }
        }
    }

    /// Where a request inside a leg goes; `None` when its connection closed and its phone has no other.
    pub(super) fn reach(&mut self, id: LegId) -> Option<Peer> {
        let leg = self.legs.get(id)?;
        if leg.away.is_none() {
            return match leg.answered() {
                Some(dialog) => Some(dialog.peer),
                None => leg.dialog().map(|dialog| dialog.peer),
            };
        }
        let device = leg.device.clone()?;
        let target = leg.answered()?.target.clone();
        let peer = self.registrar.whereabouts(&device, &target)?;
        self.legs.move_to(id, peer);
        Some(peer)
    }

    /// The phone of a leg did not come back in time.
    pub(super) fn on_away_timeout(&mut self, now: Mono, id: LegId) {
        let away = self.legs.get(id).and_then(|leg| leg.away.as_mut());
        let until = away.filter(|away| away.until.is_some_and(|until| until <= now));
        let Some(away) = until else { return };
        away.until = None;
        // A leg whose BYE waits for an ACK is none of the owner's any more.
        if self.reach(id).is_none()
            && let Some(Confirmed { bye: None, .. }) = self.legs.confirmed(id)
        {
            self.layer.event(Event::Lost { leg: id });
        }
    }

    /// The connection closed that a request of ours waited on: it is sent on another, or fails.
    pub(super) fn on_client_flow_closed(
        &mut self,
        now: Now,
        user: ClientUser,
        kept: Option<Asked>,
    ) {
        match (user, kept) {
            (ClientUser::Bye(id), Some(asked)) => self.send_bye(now, id, asked.headers),
            (ClientUser::Request(id, tx), Some(asked))
                if self.legs.confirmed(id).is_some() && self.reach(id).is_some() =>
            {
                if let Some(leg) = self.legs.get(id) {
                    leg.updates.ours = leg.updates.ours.filter(|ours| *ours != tx);
                }
                if let Some(confirmed) = self.legs.confirmed(id)
                    && matches!(confirmed.invite, InviteUse::Ours { tx: ours, .. } if ours == tx)
                {
                    confirmed.invite = InviteUse::Idle;
                }
                self.ask(now, id, asked);
            }
            (user, _) => self.on_client_failed(now, user, 503),
        }
    }
}

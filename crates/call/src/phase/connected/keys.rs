//! Keys that one side presses: told, and passed to the other side in a way that it understands.
//!
//! Packets of RFC 4733 pass through the relay by themselves, and tones are among the sound. A key that came by INFO is sent as
//! packets to a phone whose SDP lists them, else as INFO: there is no better sign of what a phone understands.

use std::time::Duration;

use offhook_media_core::{Digit, MediaCommand, PressWay, Side};
use offhook_sip_core::{Body, Command, LegId, TxId};
use offhook_sip_message::Message;

use super::Connected;
use crate::convey;
use crate::effect::Effect;
use crate::keys::{Counted, Info, USUAL, Way};
use crate::phase::Context;
use crate::phase::waiting::busy_reply;
use crate::record::Participant;

impl Connected {
    /// A key was heard in the media.
    pub(super) fn on_key(&self, cx: &mut Context<'_>, side: Side, digit: Digit, way: PressWay) {
        let side = self.media.turned(side);
        if self.count(cx, side, digit, Way::Media(way)) != Counted::New {
            return;
        }
        match way {
            PressWay::Rfc4733 if !self.takes_packets(side.other()) => {
                self.inform(cx, side.other(), Info::body(digit, USUAL));
            }
            PressWay::InBand | PressWay::Rfc4733 => {}
        }
    }

    /// Deals with an INFO that is about a key. False when it is about something else, which the other side answers.
    pub(super) fn on_info(
        &self,
        cx: &mut Context<'_>,
        leg: LegId,
        tx: TxId,
        request: &Message,
    ) -> bool {
        let (digit, duration) = match Info::read(request) {
            Some(Info::Key(digit, duration)) => (digit, duration),
            Some(Info::Nonsense) => {
                cx.reply(leg, tx, 400, Vec::new());
                return true;
            }
            Some(Info::Nothing | Info::Other) | None => return false,
        };
        let side = self.side_of(leg);
        match self.count(cx, side, digit, Way::Info) {
            Counted::New => self.pass(cx, side, (digit, duration), convey::body(request)),
            Counted::Again => {}
            Counted::Flood => {
                let (status, headers) = busy_reply(request.view().method());
                cx.reply(leg, tx, status, headers);
                return true;
            }
        }
        cx.reply(leg, tx, 200, Vec::new());
        true
    }

    fn count(&self, cx: &mut Context<'_>, side: Side, digit: Digit, way: Way) -> Counted {
        let counted = cx.keys.press(cx.now.mono, self.leg_of(side), digit, way);
        let call = cx.calls.innermost().map(|call| {
            let receiver = match side {
                Side::A => &call.dst,
                Side::B => &call.src,
            };
            (call.id, target(receiver))
        });
        if let Some((call, target)) = call.filter(|_| counted == Counted::New) {
            cx.pressed(call, digit, &target);
        }
        counted
    }

    /// A key that came by INFO. One that its phone sends as packets too has passed already.
    fn pass(
        &self,
        cx: &mut Context<'_>,
        from: Side,
        (digit, duration): (Digit, Duration),
        info: Option<Body>,
    ) {
        let to = from.other();
        match self.media.relay(to).filter(|_| self.takes_packets(to)) {
            Some(_) if cx.keys.sends_packets(self.leg_of(from)) => {}
            Some((relay, side)) => {
                cx.effects.push(Effect::Media(MediaCommand::Press {
                    relay,
                    side,
                    digit,
                    duration,
                }));
            }
            None => {
                if let Some(body) = info {
                    self.inform(cx, to, body);
                }
            }
        }
    }

    fn takes_packets(&self, side: Side) -> bool {
        self.media.lists_keys(side)
    }

    /// Nobody waits for the answer. A request on the heels of the 200 may overtake it, and one to a phone whose SDP is not
    /// known yet would be a guess: such a key is lost.
    fn inform(&self, cx: &mut Context<'_>, side: Side, body: Body) {
        if (self.unacknowledged && side == Side::A) || !self.media.has_said(side) {
            return;
        }
        let leg = self.leg_of(side);
        let tx = cx.office.next_tx();
        let command = Command::Request {
            leg,
            tx,
            method: bytes::Bytes::from_static(b"INFO"),
            headers: Vec::new(),
            body: Some(body),
        };
        cx.free(leg, command);
    }
}

/// Who received a key, as the contract writes it.
fn target(party: &Participant) -> String {
    match party.user {
        Some(user) => format!("U:{user}"),
        None => format!("E:{}", party.number),
    }
}

//! Keys that a caller presses while he waits: the queue receives them.

use bytes::Bytes;
use offhook_media_core::{Digit, Side};

use super::Queued;
use crate::keys::{ACCEPT, Counted, Info, Way};
use crate::phase::waiting::busy_reply;
use crate::phase::{Context, Input, MediaNews};

impl Queued {
    /// Gives back what is about something else than his keys.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about keys passes on, whatever it is"
    )]
    pub(super) fn hear_keys(&self, cx: &mut Context<'_>, input: Input) -> Option<Input> {
        match input {
            Input::Media(MediaNews::Pressed { side, digit, way }) => {
                if self.waiting.media.turned(side) == Side::A {
                    self.count(cx, digit, Way::Media(way));
                }
                None
            }
            Input::Media(MediaNews::Played { .. } | MediaNews::Silent(_)) => None,
            Input::Request { leg, tx, request }
                if leg == self.waiting.leg && self.waiting.unanswered.is_none() =>
            {
                let Some(info) = Info::read(&request) else {
                    return Some(Input::Request { leg, tx, request });
                };
                let (status, headers) = match info {
                    Info::Key(digit, _) => match self.count(cx, digit, Way::Info) {
                        Counted::New | Counted::Again => (200, Vec::new()),
                        Counted::Flood => busy_reply(request.view().method()),
                    },
                    Info::Nonsense => (400, Vec::new()),
                    Info::Nothing => (200, Vec::new()),
                    Info::Other => {
                        let accept = (
                            Bytes::from_static(b"Accept"),
                            Bytes::from_static(ACCEPT.as_bytes()),
                        );
                        (415, vec![accept])
                    }
                };
                cx.reply(leg, tx, status, headers);
                None
            }
            other => Some(other),
        }
    }

    fn count(&self, cx: &mut Context<'_>, digit: Digit, way: Way) -> Counted {
        let counted = cx.keys.press(cx.now.mono, self.waiting.leg, digit, way);
        let queue = cx.calls.get_mut(self.call).and_then(|call| call.dst.shared);
        if let Some(queue) = queue.filter(|_| counted == Counted::New) {
            cx.pressed(self.call, digit, &format!("Q:{queue}"));
        }
        counted
    }
}

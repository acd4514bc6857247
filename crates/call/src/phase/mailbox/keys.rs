//! The keys of a mailbox: 1 hears a message again, 2 or # the next one, * the one before, 3 or 7 deletes it.

use bytes::Bytes;
use offhook_media_core::{Digit, PressWay, Side};

use super::{Mailbox, Stage, Then};
use crate::keys::{ACCEPT, Counted, Info, Way};
use crate::phase::waiting::busy_reply;
use crate::phase::{Context, Input, MediaNews};

impl Mailbox {
    /// Gives back what is about something else than keys.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all that is not about keys passes on, whatever it is"
    )]
    pub(super) fn hear_keys(&mut self, cx: &mut Context<'_>, input: Input) -> Option<Input> {
        match input {
            Input::Media(MediaNews::Pressed { side, digit, way }) => {
                // What sounds like a key in a message deletes none where keys come as packets.
                let deletes = matches!(digit.as_char(), '3' | '7');
                let meant = way != PressWay::InBand || !deletes || !self.media.lists_keys(Side::A);
                if self.media.turned(side) == Side::A && meant {
                    self.press(cx, digit, Way::Media(way));
                }
                None
            }
            Input::Request { leg, tx, request } if leg == self.leg => {
                let Some(info) = Info::read(&request) else {
                    return Some(Input::Request { leg, tx, request });
                };
                let (status, headers) = match info {
                    Info::Key(digit, _) => match self.press(cx, digit, Way::Info) {
                        Counted::New | Counted::Again => (200, Vec::new()),
                        Counted::Flood => busy_reply(request.view().method()),
                    },
                    Info::Nonsense => (400, Vec::new()),
                    Info::Nothing => (200, Vec::new()),
                    Info::Other => {
                        let accept = Bytes::from_static(ACCEPT.as_bytes());
                        (415, vec![(Bytes::from_static(b"Accept"), accept)])
                    }
                };
                cx.reply(leg, tx, status, headers);
                None
            }
            other => Some(other),
        }
    }

    fn press(&mut self, cx: &mut Context<'_>, digit: Digit, way: Way) -> Counted {
        let counted = cx.keys.press(cx.now.mono, self.leg, digit, way);
        if counted == Counted::New {
            match self.stage {
                Stage::Saying { then, .. } => self.press_at_words(cx, digit, then),
                Stage::Pausing { .. } | Stage::Playing { .. } => self.press_at_message(cx, digit),
                Stage::Answering { .. }
                | Stage::Deleting { .. }
                | Stage::Leaving { .. }
                | Stage::Listing { .. }
                | Stage::Loading { .. } => {}
            }
        }
        counted
    }

    /// Words need not be heard to their end; what they announce was not heard, and is not deleted by a key.
    fn press_at_words(&mut self, cx: &mut Context<'_>, digit: Digit, then: Then) {
        match (digit.as_char(), then) {
            ('1' | '2' | '#', Then::Message) => self.play(cx),
            ('*', _) => self.go_back(cx),
            _ => {}
        }
    }

    fn press_at_message(&mut self, cx: &mut Context<'_>, digit: Digit) {
        match digit.as_char() {
            '1' => self.play(cx),
            '2' | '#' => {
                self.note_heard(cx);
                self.go_on(cx);
            }
            '3' | '7' => self.delete(cx),
            '*' => {
                self.note_heard(cx);
                self.go_back(cx);
            }
            _ => {}
        }
    }

    /// To the message before this one; the first one from its beginning.
    fn go_back(&mut self, cx: &mut Context<'_>) {
        if self.messages.is_empty() {
            return;
        }
        if self.at > 0 {
            self.at -= 1;
            self.load(cx);
        }
        self.play(cx);
    }
}

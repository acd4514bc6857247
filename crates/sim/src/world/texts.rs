//! Texts: who asked for one and what came of it, who got one, and what is promised of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{SmsRecord, SmsStatus};
use offhook_call::{TextChange, TextCommand, TextReply};

use super::happening::{Happening, Who};
use super::{Luck, World};
use crate::phone::PhoneEvent;

/// What was asked, answered and got.
#[derive(Debug, Default)]
pub(super) struct Texts {
    asked: u64,
    /// Commands that were asked of a process that lives, and are not answered.
    open: BTreeMap<u64, TextCommand>,
    replies: Vec<TextReply>,
    /// What phones and carriers took, in order.
    taken: Vec<(usize, String)>,
    /// The final answers to texts of phones and carriers, in order.
    answers: Vec<(usize, u16)>,
    broken: Vec<String>,
}

impl Texts {
    pub(super) fn replied(&mut self, reply: TextReply) {
        if self.open.remove(&reply.token).is_none() {
            self.broken
                .push(format!("texts: {reply:?} answers nothing"));
        }
        self.replies.push(reply);
    }

    /// The process died: nobody answers any more.
    pub(super) fn crashed(&mut self) {
        self.open.clear();
    }

    /// A peer says what it did.
    pub(super) fn seen(&mut self, peer: usize, event: &PhoneEvent) {
        if let PhoneEvent::TextReceived { text, status, .. } = event
            && (200..300).contains(status)
        {
            self.taken.push((peer, text.clone()));
        } else if let PhoneEvent::TextSent { status, .. } = event {
            self.answers.push((peer, *status));
        }
    }

    fn took(&self, peer: usize, text: &str) -> bool {
        let mut taken = self.taken.iter();
        taken.any(|(who, words)| *who == peer && words == text)
    }
}

impl World {
    /// Texts that arrived, for a look at whether the run was worth anything: at phones, at carriers.
    #[must_use]
    pub fn texts_arrived(&self) -> (usize, usize) {
        let with = |status| {
            let texts = self.disk.texts();
            texts.filter(|text| text.status == status).count()
        };
        (with(SmsStatus::Delivered), with(SmsStatus::Sent))
    }

    /// A REST client or a carrier has a text; the token of the answer.
    pub(crate) fn ask_text(&mut self, command: TextCommand) -> u64 {
        self.texts.asked += 1;
        let token = self.texts.asked;
        if let Some(process) = &mut self.process {
            self.texts.open.insert(token, command.clone());
            process.switch.handle_text(self.now, command, token);
        }
        self.drain_pbx();
        token
    }

    /// The switch's answer to a REST client.
    pub(crate) fn text_reply_to(&self, token: u64) -> Option<TextReply> {
        let mut replies = self.texts.replies.iter();
        replies.find(|reply| reply.token == token).cloned()
    }

    /// What peers took, in order.
    pub(crate) fn texts_taken(&self) -> &[(usize, String)] {
        &self.texts.taken
    }

    /// The last final answer to a text of this peer.
    pub(crate) fn answer_to_text_of(&self, peer: usize) -> Option<u16> {
        let mut answers = self.texts.answers.iter().rev();
        answers
            .find(|(who, _)| *who == peer)
            .map(|(_, status)| *status)
    }

    /// Somebody sends a text: by SIP, or one time in three by REST.
    pub(super) fn send_text(&mut self, who: &Who, number: &str, words: &str) {
        if self.below(3) == 0 {
            let (to, text) = (number.to_owned(), words.to_owned());
            let command = match who {
                Who::Phone(phone) => self.cast.phones.get(*phone).map(|(_, user)| {
                    let from = None;
                    TextCommand::Send {
                        by: *user,
                        for_others: false,
                        from,
                        to,
                        text,
                    }
                }),
                Who::Outsider(_, outsider) => Some(TextCommand::Inbound {
                    from: outsider.number.clone(),
                    to,
                    text,
                }),
            };
            if let Some(command) = command {
                self.ask_text(command);
            }
            return;
        }
        let now = self.now.mono;
        if let Some(sim) = self.phones.get_mut(who.peer()) {
            match who {
                Who::Phone(_) => sim.send_text(now, number, words),
                Who::Outsider(_, outsider) => sim.send_text_of(now, outsider, number, words),
            };
        }
        self.drain_phone(who.peer());
    }

    /// The switch has a text for the store, which is a little behind, and fails now and then.
    pub(super) fn store_text(&mut self, change: TextChange) {
        match change {
            TextChange::Keep(text) => {
                let (lag, stored) = match self.luck {
                    // Less than a dead process takes to come back.
                    Luck::OfSeed => (1 + self.below(50), self.below(20) > 0),
                    Luck::Calm => (1, true),
                };
                let at = self.now.mono + Duration::from_millis(lag);
                self.at(at, Happening::TextKept { text, stored });
            }
            TextChange::Status(text) => self.disk.note_text(&text),
        }
    }

    /// The store has a text, or could not keep it.
    pub(super) fn text_kept(&mut self, text: &Arc<SmsRecord>, stored: bool) {
        let Some(process) = &mut self.process else {
            return;
        };
        if stored {
            self.disk.keep_text(text);
        }
        process.switch.handle_text_stored(self.now, text.id, stored);
    }

    /// Each command got one answer; each text that was accepted came to its end, and to whom it says.
    pub(super) fn verdict_on_texts(&self) -> Vec<String> {
        let mut broken = self.texts.broken.clone();
        let open = self.texts.open.values();
        broken.extend(open.map(|command| format!("texts: {command:?} was never answered")));
        for text in self.disk.texts() {
            broken.extend(self.fault_of(text).map(|fault| {
                let (id, status) = (text.id, text.status.as_str());
                format!("texts: {id} ({:?}, {status}) {fault}", text.text)
            }));
        }
        broken
    }

    fn fault_of(&self, text: &SmsRecord) -> Option<&'static str> {
        let phones = || {
            let of_user = |(_, (_, user)): &(usize, &(_, _))| Some(*user) == text.to_user;
            self.cast.phones.iter().enumerate().filter(of_user)
        };
        let taken = phones().any(|(peer, _)| self.texts.took(peer, &text.text));
        let willing = phones().any(|(peer, _)| {
            let phone = self.phones.get(peer);
            phone.is_some_and(|phone| phone.takes_texts())
        });
        let by_carrier = || {
            let first = self.cast.phones.len();
            let mut taken = self.texts.taken.iter();
            taken.any(|(peer, words)| *peer >= first && *words == text.text)
        };
        match text.status {
            SmsStatus::Delivered if !taken => Some("is at no phone"),
            SmsStatus::Received if taken && self.plan.crashes == 0 => Some("is at a phone"),
            SmsStatus::Received if willing => Some("waits, though a phone would take it"),
            SmsStatus::Sent if !by_carrier() => Some("is with no carrier"),
            SmsStatus::Queued => Some("came to no end"),
            SmsStatus::Delivered
            | SmsStatus::Expired
            | SmsStatus::Failed
            | SmsStatus::Received
            | SmsStatus::Sent => None,
        }
    }
}

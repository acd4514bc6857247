//! Which calls are recorded, and what becomes of a recording.
//!
//! ```text
//!   a call connects ─► decided: by the users' settings, later by the API
//!                          │ wanted, the answer is on disk, the relay runs
//!                          ▼
//!                      recording ──► the call ends, another takes its place, the API stops it
//!                                        │ the recorder tells what there is
//!                                        ▼
//!                                    monitor.audio_ready, also after the root's final event
//! ```
//!
//! The recording is of a call between two people: the innermost one of a conversation that is connected. Whether it should
//! run is looked at after every input, as a level, so that no way into a call or out of it has to think of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use offhook_base::{
    Audio, CallId, EventName, EventRecord, FactRecord, Now, RecordingId, RecordingKind,
    RecordingStart, UserId,
};
use offhook_media_core::{MediaCommand, RelayId, Taped};

use super::{Action, Entry, Pbx};
use crate::command::ApiRefusal;
use crate::directory::Directory;
use crate::event_json::{MonitorParty, monitor_event};
use crate::fence::Class;
use crate::phase::Phase;
use crate::record::CallRecord;
use crate::{ApiAnswer, ApiReply};

/// Recordings that are remembered until the recorder has told of them. One more, and the oldest is given up: its sound stays
/// on the disk, where the next start finds it.
const MOST: usize = 20_000;

/// Pairs of one conversation: more transfers than anybody makes.
const REFUSED_AT_MOST: usize = 32;

/// The recording of one conversation, and whether there should be one.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// The call that it would be of: the one that is talking.
    call: Option<CallId>,
    wanted: Option<Whose>,
    running: Option<(RelayId, RecordingId)>,
    /// Pairs of numbers whose calls a client does not want to be recorded, whatever the settings say: a transfer that fails
    /// gives the two back to each other in another call.
    refused: Vec<[String; 2]>,
}

/// The user by whose setting or wish a call is recorded.
#[derive(Clone, Copy, Debug)]
struct Whose(Option<UserId>);

/// What is remembered of recordings beyond their calls.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    /// Conversations whose recording waits for a commit.
    waiting: BTreeSet<CallId>,
    /// Those that the recorder has not told of yet.
    begun: BTreeMap<RecordingId, Begun>,
}

#[cfg(test)]
impl Recordings {
    /// Whether nothing is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.is_empty()
    }
}

/// A recording that was begun.
#[derive(Debug)]
struct Begun {
    start: RecordingStart,
    src: MonitorParty,
    dst: MonitorParty,
    /// When its conversation began: that one's clock goes on.
    conversation: Now,
}

impl Pbx {
    /// Begins or ends the recording of a conversation where that is due.
    pub(super) fn tape(&mut self, now: Now, entry: &mut Entry) {
        let talking = match &entry.phase {
            Phase::Connected(_) => entry.calls.innermost(),
            Phase::Originating(_)
            | Phase::Ringing(_)
            | Phase::Hunting(_)
            | Phase::Queued(_)
            | Phase::Service(_)
            | Phase::Mailbox(_)
            | Phase::Voicemail(_)
            | Phase::Departing(_)
            | Phase::Ended => None,
        };
        let call = talking.map(|call| call.id);
        if entry.tape.call != call {
            let refused = &entry.tape.refused;
            let wanted = talking
                .filter(|call| !refused.contains(&pair(call)))
                .and_then(|call| policy(&self.office.directory, call));
            self.stop_tape(entry);
            entry.tape.call = call;
            entry.tape.wanted = wanted;
        }
        match (entry.tape.wanted, entry.tape.running) {
            (None, Some(_)) => self.stop_tape(entry),
            (Some(whose), None) => self.start_tape(now, entry, whose),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    /// The end of the relay is the end of its recordings, too.
    fn stop_tape(&mut self, entry: &mut Entry) {
        let Some((relay, recording)) = entry.tape.running.take() else {
            return;
        };
        if !entry.phase.is_over() {
            let command = MediaCommand::StopRecord { relay, recording };
            self.actions.push_back(Action::Media(command));
        }
        if let Some(call) = entry.tape.call {
            self.actions
                .push_back(Action::Monitored { call, on: false });
        }
    }

    fn start_tape(&mut self, now: Now, entry: &mut Entry, whose: Whose) {
        let Phase::Connected(connected) = &entry.phase else {
            return;
        };
        let Some((relay, left)) = connected.relay_of_caller() else {
            return;
        };
        let root = entry.calls.root();
        let id = if self.fence.is_committed(entry.gate) {
            self.next_call_id()
        } else {
            None
        };
        let (Some(CallId(id)), Some(call)) = (id, entry.calls.innermost()) else {
            self.recordings.waiting.insert(root);
            return;
        };
        let recording = RecordingId(id);
        let start = RecordingStart {
            id: recording,
            kind: RecordingKind::Call,
            call: call.id,
            root,
            user: whose.0,
            context: call.context.clone(),
            caller: call.src.number.clone(),
            called: call.dst.number.clone(),
            started_at: entry.calls.wall_at(now),
        };
        let begun = Begun {
            start: start.clone(),
            src: MonitorParty::of(&call.src),
            dst: MonitorParty::of(&call.dst),
            conversation: entry.calls.started(),
        };
        if self.recordings.begun.len() >= MOST {
            self.recordings.begun.pop_first();
        }
        self.recordings.begun.insert(recording, begun);
        entry.tape.running = Some((relay, recording));
        let on = true;
        let call = start.call;
        self.actions.push_back(Action::Monitored { call, on });
        self.actions.push_back(Action::Recording(Box::new(start)));
        self.actions.push_back(Action::Media(MediaCommand::Record {
            relay,
            recording,
            taped: Taped::Both { left },
        }));
    }

    /// The journal has more: recordings that waited for that begin.
    pub(super) fn tape_committed(&mut self, now: Now) {
        for root in std::mem::take(&mut self.recordings.waiting) {
            if let Some(mut entry) = self.conversations.remove(&root) {
                self.tape(now, &mut entry);
                self.conversations.insert(root, entry);
            }
        }
    }

    /// `PATCH /calls/{id} {"monitor_state"}`. It is answered when the call's facts so far are on disk.
    pub(super) fn monitor(&mut self, now: Now, call: CallId, (on, by): (bool, UserId), token: u64) {
        let root = self.open.get(&call).copied();
        let Some(mut entry) = root.and_then(|root| self.conversations.remove(&root)) else {
            return self.refuse(token, ApiRefusal::NotFound);
        };
        let refusal = monitor_refusal(&entry, call);
        let fact = entry.last;
        if refusal.is_none() {
            entry.tape.wanted = match entry.tape.wanted {
                _ if !on => None,
                Some(whose) => Some(whose),
                None => entry.calls.innermost().map(|call| asked_by(call, by)),
            };
            if let Some(two) = entry.calls.innermost().map(pair) {
                entry.tape.refused.retain(|one| *one != two);
                if !on && entry.tape.refused.len() < REFUSED_AT_MOST {
                    entry.tape.refused.push(two);
                }
            }
            self.tape(now, &mut entry);
        }
        self.conversations.insert(entry.calls.root(), entry);
        if let Some(refusal) = refusal {
            return self.refuse(token, refusal);
        }
        let result = Ok(ApiAnswer::Done);
        let reply = super::Gated::Reply(ApiReply { token, result });
        let free = self.fence.hold(fact, None, Class::Tells, reply);
        self.release(free);
    }

    /// A recording is over that nobody ended: the disk is full. Who looks at the call is not told that it is recorded, and may
    /// ask for it again.
    fn note_ended(&mut self, root: CallId, recording: RecordingId) {
        if let Some(mut entry) = self.conversations.remove(&root) {
            if entry
                .tape
                .running
                .is_some_and(|(_, running)| running == recording)
            {
                self.stop_tape(&mut entry);
                entry.tape.wanted = None;
            }
            self.conversations.insert(root, entry);
        }
    }

    /// The recorder tells what there is of a recording that is over; `None` when nothing was recorded.
    pub(crate) fn handle_recorded(
        &mut self,
        now: Now,
        recording: RecordingId,
        audio: Option<Audio>,
    ) {
        let Some(begun) = self.recordings.begun.remove(&recording) else {
            if !self.on_message_recorded(now, recording, audio) {
                tracing::debug!(%recording, "nobody knows of this recording");
            }
            return;
        };
        self.note_ended(begun.start.root, recording);
        let Some(audio) = audio else { return };
        let since = now.mono - begun.conversation.mono;
        let at = begun.conversation.wall + since;
        let office = &mut self.office;
        let id = office.event_ids.next(at);
        let customer = office.config.customer_id;
        let fact = ready(
            (id, at),
            begun.start,
            audio,
            (&begun.src, &begun.dst),
            customer,
        );
        self.fence.hand_over(now.mono);
        self.actions.push_back(Action::Record(Box::new(fact)));
    }
}

/// `monitor.audio_ready` on the lane of its root, with the entry of the recording.
pub(crate) fn ready(
    (id, at): (Arc<str>, offhook_base::Wall),
    start: RecordingStart,
    audio: Audio,
    parties: (&MonitorParty, &MonitorParty),
    customer: u32,
) -> FactRecord {
    let record = start.with_audio(audio);
    let body = monitor_event(&id, at, &record, parties, customer);
    FactRecord {
        event: EventRecord {
            id,
            root: record.root,
            call: record.call,
            seq: None,
            name: EventName::MonitorAudioReady,
            context: record.context.as_str().into(),
            is_final: false,
            at,
            body: body.into(),
        },
        snapshot: None,
        cdr: None,
        sms: None,
        recording: Some(Arc::new(record)),
    }
}

/// The two who talk, whoever of them is the caller now.
fn pair(call: &CallRecord) -> [String; 2] {
    let mut two = [call.src.number.clone(), call.dst.number.clone()];
    two.sort_unstable();
    two
}

/// By whose setting a call is recorded, if by anybody's: the called user's before the caller's.
fn policy(directory: &Directory, call: &CallRecord) -> Option<Whose> {
    let mode = |user: Option<UserId>| {
        let user = user.and_then(|user| directory.user(user));
        user.map(|user| user.record).unwrap_or_default()
    };
    if mode(call.dst.user).takes_in() {
        Some(Whose(call.dst.user))
    } else if mode(call.src.user).takes_out() {
        Some(Whose(call.src.user))
    } else {
        None
    }
}

/// Whose a recording is that a client asks for: his own when he is in the call, else the called user's or the caller's.
fn asked_by(call: &CallRecord, by: UserId) -> Whose {
    let is_party = [call.src.user, call.dst.user].contains(&Some(by));
    Whose(if is_party {
        Some(by)
    } else {
        call.dst.user.or(call.src.user)
    })
}

fn monitor_refusal(entry: &Entry, call: CallId) -> Option<ApiRefusal> {
    let Phase::Connected(connected) = &entry.phase else {
        return Some(ApiRefusal::Conflict("the call is not connected"));
    };
    if entry.tape.call != Some(call) {
        return Some(ApiRefusal::Conflict(
            "the call between the two people is the one that can be recorded",
        ));
    }
    let relayed = connected.relay_of_caller().is_some();
    (!relayed).then_some(ApiRefusal::Conflict(
        "the media of the call does not pass by us",
    ))
}

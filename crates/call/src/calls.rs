//! The calls of one conversation that are open: they share a root, its clock and its sequence numbers.
//!
//! A plain call is alone. A member of a ring group or an agent of a queue has a call of its own beside that of the
//! group or queue; a click-to-call has one for the originator and one for whom he calls; a transfer opens the
//! next and ends them all. Every change of one of them becomes a fact here, and nowhere else.

use offhook_base::{CallId, EventName, FactRecord, Now, Wall};
use offhook_media_core::{Digit, Side, SideQuality};

use crate::EventIds;
use crate::figures::Unheard;
use crate::record::{CallRecord, CallState, End, NewCall, Stamp};

/// The open calls of a conversation, outermost first, and what they share.
#[derive(Debug)]
pub(crate) struct Calls {
    root: CallId,
    src_hash: String,
    seq: u64,
    started: Now,
    last_event_at: Wall,
    open: Vec<CallRecord>,
    /// How often a call was opened or ended.
    turns: u64,
    transfers: u32,
    /// What is heard of both sides of the relay.
    heard: Option<[SideQuality; 2]>,
    /// Which of them the caller of those who talk is.
    caller: Option<Side>,
    /// The relay tells no figures any more, or never did.
    is_unheard: bool,
    /// Those that ended with this input.
    ended: Vec<Unheard>,
}

impl Calls {
    /// A conversation that starts now.
    pub(crate) const fn new(root: CallId, src_hash: String, now: Now) -> Self {
        Self {
            root,
            src_hash,
            seq: 0,
            started: now,
            last_event_at: now.wall,
            open: Vec::new(),
            turns: 0,
            transfers: 0,
            heard: None,
            caller: None,
            is_unheard: false,
            ended: Vec::new(),
        }
    }

    /// Whether no call was opened yet: the first one is the root.
    pub(crate) const fn is_new(&self) -> bool {
        self.seq == 0
    }

    /// Grows whenever a call is opened or ended: while it stays, so do those who are in them.
    pub(crate) const fn turns(&self) -> u64 {
        self.turns
    }

    /// When it began.
    pub(crate) const fn started(&self) -> Now {
        self.started
    }

    /// How often a call of it was transferred.
    pub(crate) const fn transfers(&self) -> u32 {
        self.transfers
    }

    /// One more transfer.
    pub(crate) const fn note_transfer(&mut self) {
        self.transfers += 1;
    }

    /// The root call, which names the conversation also when it has ended itself.
    pub(crate) const fn root(&self) -> CallId {
        self.root
    }

    /// The open calls, outermost first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &CallRecord> {
        self.open.iter()
    }

    /// The innermost open call: who talks to whom.
    pub(crate) fn innermost(&self) -> Option<&CallRecord> {
        self.open.last()
    }

    /// Its id; the root's while none is open.
    pub(crate) fn innermost_id(&self) -> CallId {
        self.innermost().map_or(self.root, |call| call.id)
    }

    pub(crate) fn get_mut(&mut self, call: CallId) -> Option<&mut CallRecord> {
        self.open.iter_mut().find(|record| record.id == call)
    }

    /// Opens a call; its first event is `call.initial`.
    pub(crate) fn open(
        &mut self,
        now: Now,
        id: CallId,
        call: NewCall,
        ids: &mut EventIds,
    ) -> FactRecord {
        let (at, stamp) = (self.wall_at(now), self.seq);
        let started = Stamp {
            root: self.root,
            src_hash: &self.src_hash,
            seq: stamp,
            at,
        };
        let mut record = CallRecord::new(id, started, call);
        record.heard_before = self.heard;
        let fact = record.change(
            self.next(at),
            EventName::CallInitial,
            CallState::Initial,
            ids,
        );
        self.open.push(record);
        self.turns += 1;
        fact
    }

    /// Records a change of an open call; `None` when there is no such call.
    pub(crate) fn change(
        &mut self,
        now: Now,
        call: CallId,
        (name, state): (EventName, CallState),
        ids: &mut EventIds,
    ) -> Option<FactRecord> {
        let place = self.open.iter().position(|record| record.id == call)?;
        let at = self.wall_at(now);
        self.seq += 1;
        self.last_event_at = at;
        let stamp = Stamp {
            root: self.root,
            src_hash: &self.src_hash,
            seq: self.seq,
            at,
        };
        let record = self.open.get_mut(place)?;
        Some(record.change(stamp, name, state, ids))
    }

    /// Takes note of what is heard of both sides of the relay. `caller` says which of them is the caller of those who talk.
    pub(crate) fn hear(&mut self, heard: [SideQuality; 2], caller: Option<Side>) {
        if heard.iter().all(|side| side.packets == 0) {
            return;
        }
        self.heard = Some(heard);
        if let Some(caller) = caller {
            for call in &mut self.open {
                call.hear(heard, caller);
            }
        }
    }

    /// Which side of the relay the caller of those who talk is; `None` while nobody talks.
    pub(crate) fn note_caller(&mut self, caller: Option<Side>) {
        self.caller = caller.filter(|_| !self.is_unheard);
    }

    /// The relay tells no figures any more.
    pub(crate) const fn note_unheard(&mut self) {
        self.is_unheard = true;
    }

    /// The calls that ended with this input and the relay: their last figures are still to come. None while one goes on.
    pub(crate) fn take_ended(&mut self) -> Vec<Unheard> {
        let mut ended = std::mem::take(&mut self.ended);
        if !self.open.is_empty() {
            ended.clear();
        }
        ended
    }

    /// Records a key that was pressed in an open call; `None` when there is no such call.
    pub(crate) fn press(
        &mut self,
        now: Now,
        call: CallId,
        press: (Digit, &str),
        ids: &mut EventIds,
    ) -> Option<FactRecord> {
        let place = self.open.iter().position(|record| record.id == call)?;
        let at = self.wall_at(now);
        self.seq += 1;
        self.last_event_at = at;
        let stamp = Stamp {
            root: self.root,
            src_hash: &self.src_hash,
            seq: self.seq,
            at,
        };
        let record = self.open.get_mut(place)?;
        Some(record.press(stamp, press, ids))
    }

    /// Records the end of an open call; `None` when there is no such call. The last one that was open ends the
    /// conversation: where another takes its place that one is opened first, so that at no moment, and after no crash,
    /// a conversation that goes on is without an open call.
    pub(crate) fn end(
        &mut self,
        now: Now,
        call: CallId,
        end: &End,
        ids: &mut EventIds,
    ) -> Option<FactRecord> {
        let place = self.open.iter().position(|record| record.id == call)?;
        let at = self.wall_at(now);
        let record = self.open.remove(place);
        self.ended.extend(self.caller.map(|caller| Unheard {
            call,
            before: record.heard_before,
            caller,
        }));
        self.turns += 1;
        let is_final = self.open.is_empty();
        Some(record.end(self.next(at), end, is_final, ids))
    }

    /// The stamp of the next event.
    fn next(&mut self, at: Wall) -> Stamp<'_> {
        self.seq += 1;
        self.last_event_at = at;
        Stamp {
            root: self.root,
            src_hash: &self.src_hash,
            seq: self.seq,
            at,
        }
    }

    /// The conversation's own wall clock, which a stepped one never bends: wall at its start + monotonic time elapsed.
    pub(crate) fn wall_at(&self, now: Now) -> Wall {
        (self.started.wall + (now.mono - self.started.mono)).max(self.last_event_at)
    }
}

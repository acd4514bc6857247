//! What outlives the process: the journal's committed part, registrations, and what receivers have written down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use offhook_base::{
    CallId, CdrRecord, DeliveryId, EventName, EventRecord, FactRecord, JournalPos, Now, PhoneId,
    RecordingId, RecordingKind, SmsId, SmsRecord, SmsStatus, WebhookId,
};
use offhook_call::BindingChange;
use offhook_delivery::{Router, Waiting};
use offhook_sip_core::Binding;

use super::Stored;

/// The disk, and the receivers' ledgers.
#[derive(Debug, Default)]
pub(super) struct Disk {
    committed: Vec<EventRecord>,
    have: BTreeSet<(CallId, EventName)>,
    roots: BTreeMap<CallId, CallId>,
    /// What any call of a root has on disk.
    of_root: BTreeSet<(CallId, EventName)>,
    /// Roots of which a call is or was in a queue.
    queued: BTreeSet<CallId>,
    /// Roots whose last event is on disk.
    over: BTreeSet<CallId>,
    cdrs: Vec<Arc<CdrRecord>>,
    messages: Vec<RecordingId>,
    texts: BTreeMap<SmsId, SmsRecord>,
    /// Handed over and not on disk: a crash takes them.
    pending: VecDeque<(u64, FactRecord)>,
    /// By call and root.
    open: BTreeMap<(CallId, CallId), Arc<[u8]>>,
    handed: u64,
    next_call_id: u64,
    next_delivery: u64,
    bindings: Stored,
    pub(super) deliveries: BTreeMap<DeliveryId, Waiting>,
    pub(super) router: Router,
    /// Each first delivery in the order in which the receiver got it.
    pub(super) received: BTreeMap<WebhookId, Vec<Arc<EventRecord>>>,
}

/// Snapshots of the open calls of one root, and the number of its last event.
pub(super) type OpenRoot = (Vec<Arc<[u8]>>, u64);

/// What one commit brought.
#[derive(Debug, Default)]
pub(super) struct Committed {
    pub(super) upto: Option<u64>,
    pub(super) deliveries: Vec<Waiting>,
}

impl Disk {
    /// Every committed event, in order.
    pub(super) fn facts(&self) -> impl Iterator<Item = &EventRecord> {
        self.committed.iter()
    }

    /// Messages that the last event of a call brought.
    pub(super) fn messages(&self) -> impl Iterator<Item = RecordingId> {
        self.messages.iter().copied()
    }

    /// Every CDR, in order.
    pub(super) fn cdrs(&self) -> impl Iterator<Item = &CdrRecord> {
        self.cdrs.iter().map(|cdr| &**cdr)
    }

    /// Every text, in the order in which they came.
    pub(super) fn texts(&self) -> impl Iterator<Item = &SmsRecord> {
        self.texts.values()
    }

    /// Whether a text with these words is on disk.
    pub(super) fn has_text(&self, words: &[u8]) -> bool {
        self.texts().any(|text| text.text.as_bytes() == words)
    }

    /// The texts that a start tries again.
    pub(super) fn unfinished_texts(&self) -> Vec<SmsRecord> {
        let unfinished = self.texts().filter(|text| match text.status {
            SmsStatus::Received => text.to_user.is_some(),
            SmsStatus::Queued => true,
            SmsStatus::Delivered | SmsStatus::Expired | SmsStatus::Failed | SmsStatus::Sent => {
                false
            }
        });
        unfinished.cloned().collect()
    }

    /// A text that is in no fact.
    pub(super) fn keep_text(&mut self, text: &SmsRecord) {
        self.texts.insert(text.id, text.clone());
    }

    /// A text stands differently.
    pub(super) fn note_text(&mut self, text: &SmsRecord) {
        if let Some(kept) = self.texts.get_mut(&text.id) {
            kept.status = text.status;
        }
    }

    /// Whether this event of this call is on disk.
    pub(super) fn has(&self, call: CallId, name: EventName) -> bool {
        self.have.contains(&(call, name))
    }

    /// Whether this event of a call of the same root is on disk.
    pub(super) fn root_has(&self, call: CallId, name: EventName) -> bool {
        self.of_root.contains(&(self.root(call), name))
    }

    /// Whether the first event of a queue's call of the same root is on disk.
    pub(super) fn root_is_queued(&self, call: CallId) -> bool {
        self.queued.contains(&self.root(call))
    }

    /// Whether the last event of the call's root is on disk.
    pub(super) fn root_is_over(&self, call: CallId) -> bool {
        self.over.contains(&self.root(call))
    }

    fn root(&self, call: CallId) -> CallId {
        self.roots.get(&call).copied().unwrap_or(call)
    }

    /// Whether the call's last event is on disk.
    pub(super) fn is_over(&self, call: CallId) -> bool {
        [
            EventName::CallMissed,
            EventName::CallFailed,
            EventName::CallHangup,
        ]
        .iter()
        .any(|name| self.has(call, *name))
    }

    pub(super) const fn next_fact(&self) -> u64 {
        self.handed + 1
    }

    pub(super) fn next_call_id(&self) -> u64 {
        self.next_call_id.max(1)
    }

    pub(super) fn reserve(&mut self, upto: u64) {
        self.next_call_id = self.next_call_id.max(upto);
    }

    pub(super) fn position(&self) -> JournalPos {
        JournalPos(self.committed.len() as u64)
    }

    pub(super) const fn last_delivery(&self) -> DeliveryId {
        DeliveryId(self.next_delivery)
    }

    /// The calls that are open, by root, each with the number of the root's last event.
    pub(super) fn open_roots(&self) -> Vec<OpenRoot> {
        let mut roots: BTreeMap<CallId, OpenRoot> = BTreeMap::new();
        for ((_, root), snapshot) in &self.open {
            roots.entry(*root).or_default().0.push(Arc::clone(snapshot));
        }
        for event in &self.committed {
            if let Some((_, last)) = roots.get_mut(&event.root) {
                *last = event.seq.unwrap_or(*last).max(*last);
            }
        }
        roots.into_values().collect()
    }

    pub(super) fn bindings(&self) -> Vec<(PhoneId, Binding)> {
        self.bindings
            .iter()
            .map(|((phone, _), binding)| (*phone, binding.clone()))
            .collect()
    }

    pub(super) fn bind(&mut self, change: BindingChange) {
        match change {
            BindingChange::Put(phone, binding) => {
                self.bindings.insert((phone, binding.key.clone()), *binding);
            }
            BindingChange::Remove(phone, key) => {
                self.bindings.remove(&(phone, key));
            }
        }
    }

    pub(super) fn hand_over(&mut self, n: u64, fact: FactRecord) {
        self.handed = n;
        self.pending.push_back((n, fact));
    }

    pub(super) fn wants_commit(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn commit(&mut self, now: Now) -> Committed {
        let mut done = Committed::default();
        while let Some((n, fact)) = self.pending.pop_front() {
            done.upto = Some(n);
            let event = Arc::new(fact.event.clone());
            match fact.snapshot {
                Some(snapshot) => {
                    self.open.insert((event.call, event.root), snapshot);
                }
                None if event.name.is_last() => {
                    self.open.remove(&(event.call, event.root));
                }
                // What is told beside the call's own events leaves it as it is.
                None => {}
            }
            self.cdrs.extend(fact.cdr.clone());
            let message = fact.recording.as_ref();
            let message = message.filter(|entry| entry.kind == RecordingKind::Message);
            self.messages.extend(message.map(|entry| entry.id));
            if let Some(text) = &fact.sms {
                self.keep_text(text);
            }
            let has_row = event.name.has_row();
            let mut routes = Vec::new();
            self.router.route(&event, &mut routes);
            self.roots.insert(event.call, event.root);
            self.of_root.insert((event.root, event.name));
            if &*event.context == "QUEUE" {
                self.queued.insert(event.root);
            }
            if event.is_final {
                self.over.insert(event.root);
            }
            self.committed.push(fact.event);
            self.have.insert((event.call, event.name));
            for route in routes {
                self.next_delivery += 1;
                let waiting = Waiting {
                    delivery: DeliveryId(self.next_delivery),
                    endpoint: route.endpoint,
                    event: Arc::clone(&event),
                    prev_seq: route.prev_seq,
                    after_projection: has_row.then(|| self.position()),
                    attempts: 0,
                    due: now.wall,
                    replayed: false,
                };
                self.deliveries.insert(waiting.delivery, waiting.clone());
                done.deliveries.push(waiting);
            }
        }
        done
    }

    /// The process died: what was not committed never was.
    pub(super) fn crash(&mut self) {
        self.pending.clear();
    }
}

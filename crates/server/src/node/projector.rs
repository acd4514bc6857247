//! The projector: copies the last fact of each call into the CDR table, texts and registrations into theirs, in batches.
//! Nothing on the call path waits for it; an event that tells of a row does (architecture, invariant 13).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_api::feed::Feed;
use offhook_base::{CallId, JournalPos, Quality, RecordingKind, SmsId, SmsRecord, UserId};
use offhook_call::{BindingChange, MessageCount};
use offhook_sip_core::Transport;
use offhook_store::{ConfigDb, ProjectedFact, ProjectedRow, StoredBinding, WebhookHealth};

use super::notices;
use super::thread::essential;

/// One thing to be copied.
#[derive(Debug)]
enum Item {
    Binding(BindingChange),
    Health(WebhookHealth),
    Heard(CallId, Quality),
    KeepText(Arc<SmsRecord>),
    Messages(UserId),
    NoteText(Arc<SmsRecord>),
    Row(ProjectedFact),
    Shutdown,
}

/// Changes of registrations are stored within this time.
const BINDINGS_WITHIN: Duration = Duration::from_millis(250);
/// A database that could not be written is tried again after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The most that one transaction takes.
const BATCH: usize = 512;
/// Figures that may wait for their CDRs.
const FIGURES_AT_MOST: usize = 4_096;
/// Items that may wait.
const CAPACITY: usize = 65_536;

/// The projector does not keep up, or has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overloaded;

/// Who is told what the projector has done.
pub(crate) trait Progress: Send + 'static {
    /// The rows of all facts up to this place can be read.
    fn projected(&self, upto: JournalPos);
    /// A user has so many messages now.
    fn messages(&self, user: UserId, count: MessageCount);
    /// A text that was to be kept is on the disk, or could not be put there.
    fn text_kept(&self, text: SmsId, kept: bool);
}

/// A way to the projector; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProjectorHandle {
    items: SyncSender<Item>,
}

/// The projector's owner.
#[derive(Debug)]
pub(crate) struct Projector {
    handle: ProjectorHandle,
    thread: JoinHandle<()>,
}

impl Projector {
    /// Starts the thread. `feed` is told of registrations once they are stored.
    pub(crate) fn start(
        db: ConfigDb,
        feed: Arc<Feed>,
        progress: impl Progress,
    ) -> std::io::Result<Self> {
        // Full: a registration is dropped and counted in the log (the phone registers again); a row waits, on the
        // journal's thread, since the journal must not run away from what readers may see.
        let (items, queue) = sync_channel(CAPACITY);
        let thread = essential("projector", move || {
            run(&db, &feed, &queue, &progress);
            true
        })?;
        Ok(Self {
            handle: ProjectorHandle { items },
            thread,
        })
    }

    pub(crate) fn handle(&self) -> ProjectorHandle {
        self.handle.clone()
    }

    /// Copies what is queued and ends.
    pub(crate) fn shutdown(self) {
        let asked = self.handle.items.send(Item::Shutdown).is_ok();
        if !asked || self.thread.join().is_err() {
            tracing::error!("the projector had ended before");
        }
    }
}

impl ProjectorHandle {
    /// A registration changed.
    pub(crate) fn binding(&self, change: BindingChange) {
        if self.items.try_send(Item::Binding(change)).is_err() {
            tracing::warn!("a registration was not stored: the disk is behind");
        }
    }

    /// The last figures of a call that has ended. Its CDR may be on its way still.
    pub(crate) fn heard(&self, call: CallId, quality: Quality) {
        if self.items.try_send(Item::Heard(call, quality)).is_err() {
            tracing::warn!(%call, "the last figures of a call were not stored: the disk is behind");
        }
    }

    /// A webhook does better or worse, or delivered something.
    pub(crate) fn health(&self, health: WebhookHealth) {
        if self.items.try_send(Item::Health(health)).is_err() {
            tracing::warn!("the health of a webhook was not stored: the disk is behind");
        }
    }

    /// Keeps a text that is in no journal; [`Progress::text_kept`] tells when it is on the disk.
    pub(crate) fn keep_text(&self, text: Arc<SmsRecord>) -> Result<(), Overloaded> {
        self.items
            .try_send(Item::KeepText(text))
            .map_err(|_| Overloaded)
    }

    /// A text stands differently.
    pub(crate) fn note_text(&self, text: Arc<SmsRecord>) {
        if self.items.try_send(Item::NoteText(text)).is_err() {
            tracing::warn!("how a text stands was not stored: the disk is behind");
        }
    }

    /// A message of the user was heard or removed: they are counted anew.
    pub(crate) fn messages(&self, user: UserId) {
        if self.items.try_send(Item::Messages(user)).is_err() {
            tracing::warn!("messages were not counted: the disk is behind");
        }
    }

    /// A call's CDR or a text is committed at `pos`.
    pub(crate) fn row(&self, pos: JournalPos, row: ProjectedRow) {
        if self
            .items
            .send(Item::Row(ProjectedFact { pos, row }))
            .is_err()
        {
            tracing::error!("the projector has ended; the row is copied at the next start");
        }
    }
}

fn run(db: &ConfigDb, feed: &Feed, queue: &Receiver<Item>, progress: &impl Progress) {
    let mut bindings = Vec::new();
    let mut flush_at: Option<Instant> = None;
    let mut figures = Figures::default();
    loop {
        let wait = flush_at.map_or(Duration::from_secs(3_600), |at| {
            at.saturating_duration_since(Instant::now())
        });
        let mut rows: Vec<ProjectedFact> = Vec::new();
        let mut health = Vec::new();
        let (mut kept, mut noted) = (Vec::new(), Vec::new());
        let mut counted = BTreeSet::new();
        let mut ending = false;
        match queue.recv_timeout(wait) {
            Ok(first) => {
                let rest = queue.try_iter().take(BATCH - 1);
                for item in std::iter::once(first).chain(rest) {
                    match item {
                        Item::Binding(change) => bindings.push(stored(change)),
                        Item::Health(found) => health.push(found),
                        Item::Heard(call, quality) => figures.note(call, quality),
                        Item::KeepText(text) => kept.push(text),
                        Item::Messages(user) => drop(counted.insert(user)),
                        Item::NoteText(text) => noted.push(text),
                        Item::Row(row) => rows.push(row),
                        Item::Shutdown => ending = true,
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => ending = true,
        }
        figures.put_into(&mut rows);
        project(db, &rows, progress, ending);
        figures.amend(db);
        counted.extend(rows.iter().filter_map(whose_message));
        count_messages(db, &counted, progress);
        texts(db, &kept, &noted, progress);
        if !health.is_empty()
            && let Err(error) = db.note_health(&health)
        {
            tracing::error!(%error, "the health of webhooks was not stored");
        }
        if !bindings.is_empty() && flush_at.is_none() {
            flush_at = Some(Instant::now() + BINDINGS_WITHIN);
        }
        if ending || flush_at.is_some_and(|at| at <= Instant::now()) {
            flush_at = None;
            match db.apply_bindings(&bindings) {
                Ok(()) => {
                    notices::registrations(feed, &bindings);
                    bindings.clear();
                }
                Err(error) => {
                    tracing::error!(%error, "registrations are not stored; trying again");
                    // The last word on a contact is enough: an outage does not let them pile up.
                    bindings.drain(..bindings.len().saturating_sub(CAPACITY));
                    flush_at = Some(Instant::now() + AGAIN_AFTER);
                }
            }
        }
        if ending {
            return;
        }
    }
}

/// The last figures of calls whose CDRs are not there yet: they come a moment after the end, which waits for the disk.
#[derive(Debug, Default)]
struct Figures {
    waiting: BTreeMap<CallId, Quality>,
    /// Came with this batch: their CDRs may be there.
    new: Vec<CallId>,
}

impl Figures {
    fn note(&mut self, call: CallId, quality: Quality) {
        self.waiting.insert(call, quality);
        self.new.push(call);
        if self.waiting.len() > FIGURES_AT_MOST {
            self.waiting.pop_first();
        }
    }

    /// CDRs that are about to be copied have the last figures.
    fn put_into(&mut self, rows: &mut [ProjectedFact]) {
        for fact in rows {
            let cdr = match &mut fact.row {
                ProjectedRow::Cdr(cdr) | ProjectedRow::CdrAndRecording(cdr, _) => cdr,
                ProjectedRow::Recording(_) | ProjectedRow::Sms(_) => continue,
            };
            if let Some(quality) = self.waiting.remove(&cdr.live_id) {
                Arc::make_mut(cdr).quality = Some(quality);
            }
        }
    }

    /// CDRs that are there get them.
    fn amend(&mut self, db: &ConfigDb) {
        let new = self.new.drain(..);
        let new: Vec<_> = new
            .filter_map(|call| Some((call, *self.waiting.get(&call)?)))
            .collect();
        if new.is_empty() {
            return;
        }
        match db.amend_quality(&new) {
            Ok(amended) => self.waiting.retain(|call, _| !amended.contains(call)),
            Err(error) => tracing::error!(%error, "the last figures of calls were not stored"),
        }
    }
}

/// Copies a batch, again and again until it is done: a last event waits for it. While the process is `ending` there is
/// one try: the next start copies what is missing.
fn project(db: &ConfigDb, rows: &[ProjectedFact], progress: &impl Progress, ending: bool) {
    let Some(last) = rows.last() else { return };
    while let Err(error) = db.project_rows(rows) {
        tracing::error!(%error, "CDRs and texts are not copied; the events that tell of them wait");
        if ending {
            return;
        }
        std::thread::sleep(AGAIN_AFTER);
    }
    progress.projected(last.pos);
}

/// The user whom a row has a message for.
fn whose_message(fact: &ProjectedFact) -> Option<UserId> {
    match &fact.row {
        ProjectedRow::CdrAndRecording(_, record) | ProjectedRow::Recording(record) => record
            .user
            .filter(|_| record.kind == RecordingKind::Message),
        ProjectedRow::Cdr(_) | ProjectedRow::Sms(_) => None,
    }
}

/// All who change messages have them counted here, so that the last figures told are the last ones.
fn count_messages(db: &ConfigDb, users: &BTreeSet<UserId>, progress: &impl Progress) {
    for user in users {
        match db.message_count(*user) {
            Ok((new, old)) => progress.messages(*user, MessageCount { new, old }),
            Err(error) => tracing::error!(%error, "messages were not counted"),
        }
    }
}

/// Keeps new texts, whose senders wait, and notes how others stand: in this order, since one may be both in a batch. What is
/// not noted is tried again by the next start: a phone may then get a text twice.
fn texts(
    db: &ConfigDb,
    kept: &[Arc<SmsRecord>],
    noted: &[Arc<SmsRecord>],
    progress: &impl Progress,
) {
    if !kept.is_empty() {
        let done = db.keep_texts(kept);
        if let Err(error) = &done {
            tracing::error!(%error, "texts are not stored, and their senders are told so");
        }
        for text in kept {
            progress.text_kept(text.id, done.is_ok());
        }
    }
    if !noted.is_empty()
        && let Err(error) = db.note_texts(noted)
    {
        tracing::error!(%error, "how texts stand was not stored");
    }
}

fn stored(change: BindingChange) -> offhook_store::BindingChange {
    match change {
        BindingChange::Put(phone, binding) => offhook_store::BindingChange::Put(StoredBinding {
            phone,
            key: binding.key.as_str().to_owned(),
            contact: String::from_utf8_lossy(&binding.contact).into_owned(),
            user_agent: String::from_utf8_lossy(&binding.user_agent).into_owned(),
            address: binding.peer.addr.to_string(),
            transport: transport(binding.peer.transport).to_owned(),
            expires_at: binding.expires_at,
            data: serde_json::to_string(&binding).unwrap_or_default(),
        }),
        BindingChange::Remove(phone, key) => offhook_store::BindingChange::Gone {
            phone,
            key: key.as_str().to_owned(),
        },
    }
}

const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
        Transport::Wss => "WSS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_base::{CdrRecord, Disposition, Heard, Party, TerminatedBy, Wall};
    use offhook_store::CdrScope;

    fn cdr(call: u64) -> ProjectedFact {
        let cdr = CdrRecord {
            live_id: CallId(call),
            root_live_id: CallId(call),
            parent_live_id: None,
            user_id: None,
            other_user_id: None,
            sip_endpoint_id: None,
            started_at: Wall(0),
            clid: String::new(),
            src: Party::default(),
            dst: Party::default(),
            duration: 0,
            billsec: 0,
            disposition: Disposition::Connected,
            destination: "in".to_owned(),
            context: String::new(),
            t_cause: String::new(),
            info: String::new(),
            terminated_by: TerminatedBy::Caller,
            cause_q850: 16,
            cause_name: String::new(),
            cause_sip: 200,
            quality: None,
        };
        ProjectedFact {
            pos: JournalPos(call),
            row: ProjectedRow::Cdr(Arc::new(cdr)),
        }
    }

    #[test]
    fn last_figures_reach_their_cdr_whichever_of_the_two_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let db = ConfigDb::open(folder.path()).unwrap();
        let heard = Quality {
            src: Heard {
                packets: 20,
                ..Heard::default()
            },
            dst: Heard::default(),
        };
        let mut figures = Figures::default();
        let batch = |figures: &mut Figures, mut rows: Vec<ProjectedFact>| {
            figures.put_into(&mut rows);
            db.project_rows(&rows).unwrap();
            figures.amend(&db);
        };
        figures.note(CallId(1), heard);
        batch(&mut figures, Vec::new());
        batch(&mut figures, vec![cdr(1), cdr(2)]);
        figures.note(CallId(2), heard);
        batch(&mut figures, Vec::new());
        figures.note(CallId(3), heard);
        batch(&mut figures, vec![cdr(3)]);
        for call in 1..=3 {
            let cdr = db.cdr_of_call(CdrScope::All, CallId(call)).unwrap();
            assert_eq!(cdr.record.quality, Some(heard), "call {call}");
        }
        assert!(figures.waiting.is_empty());
    }
}

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use offhook_base::EventName::{CallConnected, CallHangup, CallInitial, CallMissed, CallRinging};
use offhook_base::{
    Audio, CdrRecord, Disposition, EventName, EventRecord, Party, RecordingId, RecordingKind,
    RecordingRecord, SmsDirection, SmsId, SmsRecord, SmsStatus, TerminatedBy, UserId,
};
use tempfile::TempDir;

use super::*;
use crate::{DeliveryFilter, Refused, deadline};

mod migration;

struct Dir(TempDir);

impl Dir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    fn open(&self) -> (Journal, Recovered) {
        Journal::open(&self.path()).unwrap()
    }

    /// The files as they are at this moment: nothing is closed, the log is not checkpointed.
    fn as_a_crash_leaves_it(&self) -> Self {
        let copy = Self::new();
        for file in ["journal.db", "journal.db-wal"] {
            std::fs::copy(self.0.path().join(file), copy.0.path().join(file)).unwrap();
        }
        copy
    }

    fn reader(&self) -> JournalReader {
        JournalReader::open(&self.path()).unwrap()
    }
}

/// A fact of a plain call: second 100 × call + seq, a snapshot until the call is over, a CDR with its end.
fn fact(call: u64, seq: u64, name: EventName) -> FactRecord {
    fact_under(call, call, seq, name)
}

fn fact_under(root: u64, call: u64, seq: u64, name: EventName) -> FactRecord {
    let at = Wall::from_unix_seconds(i64::try_from(100 * root + seq).unwrap());
    FactRecord {
        event: EventRecord {
            id: format!("n1.{root}.{seq}").into(),
            root: CallId(root),
            call: CallId(call),
            seq: Some(seq),
            name,
            context: "LOCAL_USER".into(),
            is_final: name.is_last() && root == call,
            at,
            body: format!("{{\"seq\":{seq}}}").into_bytes().into(),
        },
        snapshot: (!name.is_last()).then(|| format!("{call} after {seq}").into_bytes().into()),
        cdr: name.is_last().then(|| Arc::new(cdr(call, at))),
        sms: None,
        recording: None,
    }
}

fn cdr(call: u64, at: Wall) -> CdrRecord {
    CdrRecord {
        live_id: CallId(call),
        root_live_id: CallId(call),
        parent_live_id: None,
        user_id: None,
        other_user_id: None,
        sip_endpoint_id: Some(7),
        started_at: at,
        clid: "\"Ann\" <2001>".to_owned(),
        src: Party {
            number: "2001".to_owned(),
            ..Party::default()
        },
        dst: Party::default(),
        duration: 3,
        billsec: 2,
        disposition: Disposition::NoAnswer,
        destination: "in".to_owned(),
        context: "LOCAL_USER".to_owned(),
        t_cause: "Normal Clearing".to_owned(),
        info: String::new(),
        terminated_by: TerminatedBy::Caller,
        cause_q850: 16,
        cause_name: "NORMAL_CLEARING".to_owned(),
        cause_sip: 200,
        quality: None,
    }
}

fn delivery(id: u64, webhook: u32, prev_seq: u64) -> RoutedDelivery {
    RoutedDelivery {
        id: DeliveryId(id),
        webhook: WebhookId(webhook),
        prev_seq,
        held: false,
    }
}

fn batch(facts: impl IntoIterator<Item = (FactRecord, Vec<RoutedDelivery>)>) -> Batch {
    Batch {
        facts: facts
            .into_iter()
            .map(|(fact, deliveries)| RoutedFact { fact, deliveries })
            .collect(),
        ..Batch::default()
    }
}

fn verdict(id: u64, change: DeliveryChange) -> Batch {
    Batch {
        verdicts: vec![VerdictRow {
            delivery: DeliveryId(id),
            change,
        }],
        ..Batch::default()
    }
}

fn ids(events: &[StoredEvent]) -> Vec<&str> {
    events.iter().map(|stored| &*stored.event.id).collect()
}

#[test]
fn what_is_committed_is_there_after_the_process_vanished() {
    let dir = Dir::new();
    let (mut journal, fresh) = dir.open();
    let empty = Recovered {
        next_pos: JournalPos(1),
        next_call_id: 1,
        next_delivery: DeliveryId(1),
        ..Recovered::default()
    };
    assert_eq!(fresh, empty);
    let ringing = fact(5, 2, CallRinging);
    let committed = journal
        .commit(&batch([
            (fact(5, 1, CallInitial), vec![delivery(1, 9, 0)]),
            (ringing.clone(), vec![delivery(2, 9, 1)]),
        ]))
        .unwrap();
    assert_eq!(
        committed,
        Committed {
            first: JournalPos(1),
            facts: 2
        }
    );
    let dir = dir.as_a_crash_leaves_it();

    let (mut journal, found) = dir.open();
    assert_eq!(
        found.open_calls,
        [OpenCall {
            call: CallId(5),
            root: CallId(5),
            snapshot: ringing.snapshot.clone().unwrap(),
            last_seq: 2,
        }]
    );
    assert_eq!((found.next_pos, found.unfinished), (JournalPos(3), 2));
    assert!(found.next_delivery >= DeliveryId(3));
    assert_eq!(
        found.lanes,
        [LanePosition {
            root: CallId(5),
            webhook: WebhookId(9),
            seq: 2
        }]
    );
    let waiting = dir
        .reader()
        .unfinished(WebhookId(9), DeliveryId(1), 10)
        .unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        waiting[0].event,
        StoredEvent {
            pos: JournalPos(2),
            event: ringing.event
        }
    );
    assert_eq!(
        (waiting[0].prev_seq, waiting[0].attempts, waiting[0].state),
        (1, 0, UnfinishedState::Pending)
    );
    assert_eq!(
        journal
            .commit(&batch([(fact(5, 3, CallMissed), vec![])]))
            .unwrap()
            .first,
        JournalPos(3)
    );
}

#[test]
fn a_batch_that_fails_leaves_neither_facts_nor_rows_and_nothing_is_tried_again() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    journal
        .commit(&batch([(fact(1, 1, CallInitial), vec![delivery(1, 1, 0)])]))
        .unwrap();
    let twice = batch([
        (fact(2, 1, CallInitial), vec![delivery(2, 1, 0)]),
        (fact(2, 2, CallRinging), vec![delivery(1, 1, 1)]),
    ]);
    assert!(matches!(
        journal.commit(&twice),
        Err(StoreError::Conflict { .. })
    ));
    assert!(matches!(
        journal.commit(&batch([(fact(3, 1, CallInitial), vec![])])),
        Err(StoreError::Unavailable { .. })
    ));
    drop(journal);
    let (_, found) = dir.open();
    assert_eq!(
        (found.next_pos, found.unfinished, found.open_calls.len()),
        (JournalPos(2), 1, 1)
    );
    assert_eq!(
        ids(&dir.reader().events_after(JournalPos(0), 9, None).unwrap()),
        ["n1.1.1"]
    );
}

#[test]
fn a_call_is_open_from_its_first_event_to_its_last() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let life = [CallInitial, CallRinging, CallConnected, CallHangup];
    journal
        .commit(&batch((1..).zip(life).map(|(seq, name)| {
            (fact(1, seq, name), vec![delivery(seq, 1, seq - 1)])
        })))
        .unwrap();
    journal
        .commit(&batch([(fact(2, 1, CallInitial), vec![])]))
        .unwrap();
    drop(journal);
    let (_, found) = dir.open();
    assert_eq!(
        found
            .open_calls
            .iter()
            .map(|open| open.call)
            .collect::<Vec<_>>(),
        [CallId(2)]
    );
    assert_eq!(
        found.lanes,
        [],
        "the lanes of a root that is over are not needed"
    );
    assert_eq!(found.unfinished, 4, "but its deliveries are");
}

#[test]
fn verdicts_finish_hold_and_put_off_deliveries() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let deliveries = |first: u64| (0..3).map(|n| delivery(first + n, 1, 0)).collect();
    journal
        .commit(&batch([(fact(1, 1, CallInitial), deliveries(1))]))
        .unwrap();
    let due = Wall::from_unix_seconds(777);
    journal
        .commit(&verdict(1, DeliveryChange::Finished))
        .unwrap();
    journal.commit(&verdict(2, DeliveryChange::Held)).unwrap();
    journal
        .commit(&verdict(3, DeliveryChange::Pending { attempts: 2, due }))
        .unwrap();
    let reader = dir.reader();
    assert_eq!(reader.delivery(DeliveryId(1)).unwrap(), None);
    assert_eq!(
        reader.backlog().unwrap(),
        [Backlog {
            webhook: WebhookId(1),
            pending: 1,
            held: 1
        }]
    );
    let put_off = reader.delivery(DeliveryId(3)).unwrap().unwrap();
    assert_eq!(
        (put_off.attempts, put_off.due, put_off.state),
        (2, due, UnfinishedState::Pending)
    );
    journal
        .commit(&verdict(2, DeliveryChange::Pending { attempts: 0, due }))
        .unwrap();
    assert_eq!(
        reader.delivery(DeliveryId(2)).unwrap().unwrap().state,
        UnfinishedState::Pending
    );
}

#[test]
fn an_event_can_be_sent_again_unless_it_was_purged() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    journal
        .commit(&batch([(fact(1, 1, CallInitial), vec![delivery(1, 1, 0)])]))
        .unwrap();
    journal
        .commit(&verdict(1, DeliveryChange::Finished))
        .unwrap();
    let again = |id, pos| Redelivery {
        id: DeliveryId(id),
        webhook: WebhookId(4),
        pos: JournalPos(pos),
        prev_seq: 0,
        due: Wall(5),
    };
    journal
        .commit(&Batch {
            redeliveries: vec![again(2, 1), again(3, 99)],
            ..Batch::default()
        })
        .unwrap();
    let reader = dir.reader();
    let row = reader.delivery(DeliveryId(2)).unwrap().unwrap();
    assert!(row.replayed);
    assert_eq!(
        (row.webhook, row.event.pos, row.due),
        (WebhookId(4), JournalPos(1), Wall(5))
    );
    assert_eq!(reader.delivery(DeliveryId(3)).unwrap(), None);
    drop(journal);
    assert!(dir.open().1.next_delivery > DeliveryId(3));
}

#[test]
fn call_ids_are_reserved_for_good() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    for upto in [1_000, 500] {
        journal
            .commit(&Batch {
                reserve_call_ids: Some(upto),
                ..Batch::default()
            })
            .unwrap();
    }
    drop(journal);
    assert_eq!(dir.open().1.next_call_id, 1_000);
}

#[test]
fn events_are_read_in_order_by_position_call_root_and_id() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let all = [
        fact(1, 1, CallInitial),
        fact_under(1, 2, 2, CallInitial),
        fact(3, 1, CallInitial),
        fact_under(1, 2, 3, CallMissed),
        fact(1, 4, CallMissed),
    ];
    journal
        .commit(&batch(all.map(|fact| (fact, vec![]))))
        .unwrap();
    let reader = dir.reader();
    let after = |pos, call: Option<u64>| {
        reader
            .events_after(JournalPos(pos), 3, call.map(CallId))
            .unwrap()
    };
    assert_eq!(ids(&after(1, None)), ["n1.1.2", "n1.3.1", "n1.1.3"]);
    assert_eq!(ids(&after(0, Some(1))), ["n1.1.1", "n1.1.4"]);
    assert_eq!(ids(&after(0, Some(2))), ["n1.1.2", "n1.1.3"]);
    assert_eq!(ids(&after(2, Some(2))), ["n1.1.3"]);
    assert_eq!(
        ids(&reader.events_of_root(CallId(1)).unwrap()),
        ["n1.1.1", "n1.1.2", "n1.1.3", "n1.1.4"]
    );
    assert_eq!(
        (
            reader.root_of(CallId(2)).unwrap(),
            reader.root_of(CallId(3)).unwrap()
        ),
        (CallId(1), CallId(3))
    );
    let by_id = reader.event_by_id(CallId(3), "n1.3.1").unwrap().unwrap();
    assert_eq!(reader.event_at(by_id.pos).unwrap(), Some(by_id));
    assert_eq!(
        (reader.oldest().unwrap(), reader.newest().unwrap()),
        (Some(JournalPos(1)), JournalPos(5))
    );
    assert_eq!(
        reader.rows_after(JournalPos(4), 9).unwrap(),
        [ProjectedFact {
            pos: JournalPos(5),
            row: ProjectedRow::Cdr(Arc::new(cdr(1, Wall::from_unix_seconds(104)))),
        }]
    );
    assert_eq!(reader.rows_after(JournalPos(0), 1).unwrap().len(), 1);
}

#[test]
fn a_text_is_read_back_as_a_row_and_leaves_no_open_call() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let text = SmsRecord {
        id: SmsId(7),
        created_at: Wall(7),
        from: "34600000001".to_owned(),
        to: "34900000001".to_owned(),
        from_user: None,
        to_user: Some(UserId(100_001)),
        direction: SmsDirection::In,
        text: "Hola, ¿qué tal?\nAna".to_owned(),
        status: SmsStatus::Received,
    };
    let mut received = fact(7, 1, EventName::SmsReceived);
    received.event.seq = None;
    received.snapshot = None;
    received.sms = Some(Arc::new(text.clone()));
    let routed = RoutedFact {
        fact: received,
        deliveries: Vec::new(),
    };
    let batch = Batch {
        facts: vec![routed],
        ..Batch::default()
    };
    journal.commit(&batch).unwrap();
    let reader = dir.reader();
    let row = ProjectedRow::Sms(Arc::new(text));
    assert_eq!(
        reader.rows_after(JournalPos(0), 9).unwrap(),
        [ProjectedFact {
            pos: JournalPos(1),
            row
        }]
    );
    drop((reader, journal));
    let (_journal, recovered) = dir.open();
    assert_eq!((recovered.open_calls, recovered.lanes), (vec![], vec![]));
}

#[test]
fn a_fact_may_carry_a_recording_alone_or_with_the_cdr_of_its_call() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let recording = Arc::new(RecordingRecord {
        id: RecordingId(9),
        kind: RecordingKind::Message,
        call: CallId(7),
        root: CallId(7),
        user: Some(UserId(100_001)),
        context: "VM".to_owned(),
        started_at: Wall(7),
        caller: "1001".to_owned(),
        called: "1002".to_owned(),
        audio: Audio {
            duration_ms: 1_000,
            channels: 1,
            sample_rate: 8_000,
            size_wav: 16_044,
            size_mp3: 2_304,
            cut: false,
        },
    });
    let mut ready = fact(7, 1, EventName::MonitorAudioReady);
    ready.event.seq = None;
    ready.snapshot = None;
    ready.recording = Some(Arc::clone(&recording));
    let mut last = fact(7, 1, CallHangup);
    last.snapshot = None;
    let ended = Arc::new(cdr(7, Wall::from_unix_seconds(104)));
    last.cdr = Some(Arc::clone(&ended));
    last.recording = Some(Arc::clone(&recording));
    let facts = [ready, last].map(|fact| RoutedFact {
        fact,
        deliveries: Vec::new(),
    });
    let batch = Batch {
        facts: facts.into(),
        ..Batch::default()
    };
    journal.commit(&batch).unwrap();
    let rows = dir.reader().rows_after(JournalPos(0), 9).unwrap();
    let expected = [
        ProjectedRow::Recording(Arc::clone(&recording)),
        ProjectedRow::CdrAndRecording(ended, recording),
    ];
    let found: Vec<_> = rows.into_iter().map(|found| found.row).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_backlog_is_paged_by_delivery_and_listed_by_filter() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let facts = (1..=5).map(|call| {
        (
            fact(call, 1, CallInitial),
            vec![delivery(2 * call, 1, 0), delivery(2 * call + 1, 2, 0)],
        )
    });
    journal.commit(&batch(facts)).unwrap();
    let reader = dir.reader();
    let page = |after| {
        reader
            .unfinished(WebhookId(1), DeliveryId(after), 3)
            .unwrap()
            .iter()
            .map(|it| it.id.0)
            .collect::<Vec<_>>()
    };
    assert_eq!((page(0), page(6)), (vec![2, 4, 6], vec![8, 10]));
    let filter = DeliveryFilter {
        webhook: Some(WebhookId(2)),
        since: Some(Wall::from_unix_seconds(300)),
        ..DeliveryFilter::default()
    };
    let (found, total) = reader
        .matching(&filter, 2, deadline::of_one_query())
        .unwrap();
    assert_eq!((found, total), (vec![DeliveryId(11), DeliveryId(9)], 3));
}

#[test]
fn a_purge_keeps_what_is_young_unprojected_undelivered_or_of_an_open_root() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    journal
        .commit(&batch([
            (fact(1, 1, CallInitial), vec![]),
            (fact(1, 2, CallMissed), vec![]),
            (fact(2, 1, CallInitial), vec![]), // stays open
            (fact(3, 1, CallInitial), vec![]),
            (fact(3, 2, CallMissed), vec![delivery(1, 1, 0)]), // undelivered
            (fact(4, 1, CallMissed), vec![]),
            (fact(5, 1, CallMissed), vec![]), // not projected
            (fact(9, 1, CallMissed), vec![]), // young
        ]))
        .unwrap();
    let (old, mut after, mut deleted) = (Wall::from_unix_seconds(800), Some(JournalPos(0)), 0);
    let mut rounds = 0;
    while let Some(from) = after {
        let round = journal.purge(old, JournalPos(6), from, 2).unwrap();
        (after, deleted, rounds) = (round.more, deleted + round.deleted, rounds + 1);
    }
    assert_eq!((deleted, rounds), (4, 2));
    let left = dir.reader().events_after(JournalPos(0), 99, None).unwrap();
    assert_eq!(ids(&left), ["n1.2.1", "n1.3.2", "n1.5.1", "n1.9.1"]);
    assert_eq!(
        journal
            .purge(old, JournalPos(99), JournalPos(0), 99)
            .unwrap(),
        Purged {
            deleted: 1,
            more: None
        }
    );
    journal
        .commit(&verdict(1, DeliveryChange::Finished))
        .unwrap();
    assert_eq!(
        journal
            .purge(Wall(i64::MAX), JournalPos(99), JournalPos(0), 99)
            .unwrap()
            .deleted,
        2
    );
    drop(journal);
    assert_eq!(
        dir.open().1.next_pos,
        JournalPos(9),
        "a position is never given twice"
    );
}

#[test]
fn checkpoints_from_another_connection_empty_the_log() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    let checkpointer = Checkpointer::open(&dir.path()).unwrap();
    for call in 1..=50 {
        journal
            .commit(&batch([(fact(call, 1, CallMissed), vec![])]))
            .unwrap();
    }
    let done = checkpointer.run().unwrap();
    assert!(done.log > 50 && done.log == done.done, "{done:?}");
    journal
        .commit(&batch([(fact(51, 1, CallMissed), vec![])]))
        .unwrap();
    let after = checkpointer.run().unwrap();
    assert!(after.log < done.log, "the log started anew: {after:?}");
}

#[test]
fn a_journal_of_a_later_version_is_refused() {
    let dir = Dir::new();
    drop(dir.open());
    let db = Connection::open(dir.path()).unwrap();
    db.pragma_update(None, "user_version", 1_000).unwrap();
    drop(db);
    let refused = Journal::open(&dir.path()).unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                found: 1_000,
                known: 3,
                ..
            }
        ),
        "{refused}"
    );
    assert!(matches!(
        JournalReader::open(&dir.path()),
        Err(StoreError::Newer { .. })
    ));
}

#[test]
fn a_file_that_is_not_a_journal_is_refused_by_name() {
    let dir = Dir::new();
    std::fs::write(dir.path(), [b'x'; 8_192]).unwrap();
    let refused = Journal::open(&dir.path()).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt { path, .. } if *path == dir.path()),
        "{refused}"
    );
    assert!(refused.to_string().contains("journal.db"), "{refused}");

    std::fs::remove_file(dir.path()).unwrap();
    let other = Connection::open(dir.path()).unwrap();
    other
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1")
        .unwrap();
    drop(other);
    assert!(matches!(
        Journal::open(&dir.path()),
        Err(StoreError::Corrupt { .. })
    ));
}

#[test]
fn damaged_pages_are_corrupt_not_a_panic() {
    let dir = Dir::new();
    let (mut journal, _) = dir.open();
    journal
        .commit(&batch(
            (1..200).map(|call| (fact(call, 1, CallInitial), vec![])),
        ))
        .unwrap();
    drop(journal);
    let mut octets = std::fs::read(dir.path()).unwrap();
    octets[4_096..].fill(0x5a);
    std::fs::write(dir.path(), octets).unwrap();
    let refused = Journal::open(&dir.path()).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt { path, .. } if *path == dir.path()),
        "{refused}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = Dir::new();
    let inside_a_file = dir.path().join("journal.db");
    std::fs::write(dir.path(), "").unwrap();
    for path in [
        inside_a_file,
        dir.0.path().join("missing").join("journal.db"),
    ] {
        let refused = Journal::open(&path).unwrap_err();
        assert!(matches!(&refused, StoreError::Unavailable { path: at, .. } if *at == path));
        assert!(
            refused.to_string().contains(path.to_str().unwrap())
                && refused.to_string().contains("opening for writing"),
            "{refused}"
        );
    }
}

/// Passes everything on to the test.
struct Reports(mpsc::Sender<Result<CommitReport, StoreError>>);

impl CommitSink for Reports {
    fn on_committed(&mut self, report: CommitReport) {
        self.0.send(Ok(report)).unwrap();
    }

    fn on_fatal(&mut self, error: StoreError) {
        self.0.send(Err(error)).unwrap();
    }
}

fn to_webhooks(webhooks: &'static [u32]) -> Box<dyn Router> {
    Box::new(move |_: &EventRecord, routes: &mut Vec<Route>| {
        routes.extend(webhooks.iter().map(|id| Route {
            webhook: WebhookId(*id),
            held: *id == 13,
        }));
    })
}

fn start(
    dir: &Dir,
    router: Box<dyn Router>,
    capacity: usize,
) -> (
    JournalWriter,
    mpsc::Receiver<Result<CommitReport, StoreError>>,
) {
    let (journal, recovered) = dir.open();
    let (reports, told) = mpsc::channel();
    (
        JournalWriter::start(
            journal,
            &recovered,
            router,
            Box::new(Reports(reports)),
            capacity,
        )
        .unwrap(),
        told,
    )
}

fn facts_told(
    told: &mpsc::Receiver<Result<CommitReport, StoreError>>,
) -> (Vec<CommittedFact>, Vec<u64>) {
    let (mut facts, mut upto) = (Vec::new(), Vec::new());
    for report in told.iter() {
        let report = report.unwrap();
        facts.extend(report.facts);
        upto.extend(report.upto);
    }
    (facts, upto)
}

#[test]
fn the_writer_commits_in_order_and_drains_when_it_ends() {
    let dir = Dir::new();
    let (writer, told) = start(&dir, to_webhooks(&[1, 13]), 4_096);
    let handle = writer.handle();
    for n in 1..=2_000_u64 {
        let (call, seq) = (1 + (n - 1) / 4, 1 + (n - 1) % 4);
        let name = [CallInitial, CallRinging, CallConnected, CallHangup]
            [usize::try_from(seq - 1).unwrap()];
        while handle.record(n, fact(call, seq, name)) == Err(Refused::Full) {
            std::thread::yield_now();
        }
    }
    assert!(writer.shutdown());
    assert_eq!(
        handle.record(2_001, fact(999, 1, CallInitial)),
        Err(Refused::Closed)
    );

    let (facts, upto) = facts_told(&told);
    assert_eq!(
        facts.iter().map(|it| it.pos.0).collect::<Vec<_>>(),
        (1..=2_000).collect::<Vec<_>>()
    );
    assert!(upto.is_sorted() && upto.last() == Some(&2_000), "{upto:?}");
    for it in &facts {
        let prev = it.fact.event.seq.unwrap() - 1;
        let [open, held] = it.deliveries[..] else {
            panic!("{it:?}")
        };
        assert_eq!(
            (open.prev_seq, held.prev_seq, open.held, held.held),
            (prev, prev, false, true)
        );
    }
    let stored = dir
        .reader()
        .events_after(JournalPos(0), 9_999, None)
        .unwrap();
    assert_eq!(
        stored.iter().map(|it| &it.event).collect::<Vec<_>>(),
        facts.iter().map(|it| &it.fact.event).collect::<Vec<_>>()
    );
}

#[test]
fn the_previous_seq_of_a_lane_survives_a_restart_and_a_change_of_routes() {
    let dir = Dir::new();
    let prev = |told: &mpsc::Receiver<_>| {
        facts_told(told)
            .0
            .iter()
            .flat_map(|it| it.deliveries.iter().map(|d| (d.webhook.0, d.prev_seq)))
            .collect::<Vec<_>>()
    };
    let (writer, told) = start(&dir, to_webhooks(&[1]), 16);
    writer.handle().record(1, fact(1, 1, CallInitial)).unwrap();
    writer.handle().set_router(to_webhooks(&[])).unwrap();
    writer.handle().record(2, fact(1, 2, CallRinging)).unwrap();
    writer.handle().set_router(to_webhooks(&[1, 2])).unwrap();
    writer
        .handle()
        .record(3, fact(1, 3, CallConnected))
        .unwrap();
    assert!(writer.shutdown());
    assert_eq!(prev(&told), [(1, 0), (1, 1), (2, 0)]);

    let (writer, told) = start(&dir, to_webhooks(&[1, 2, 3]), 16);
    writer.handle().record(1, fact(1, 4, CallHangup)).unwrap();
    assert!(writer.shutdown());
    assert_eq!(prev(&told), [(1, 3), (2, 3), (3, 0)]);
}

#[test]
fn delivery_ids_are_not_given_twice_after_a_restart() {
    let dir = Dir::new();
    let mut given = Vec::new();
    for round in 1..=3 {
        let (writer, told) = start(&dir, to_webhooks(&[1, 2]), 16);
        writer
            .handle()
            .record(1, fact(round, 1, CallInitial))
            .unwrap();
        writer
            .handle()
            .redeliver(WebhookId(1), JournalPos(1), 0, Wall(1))
            .unwrap();
        assert!(writer.shutdown());
        for report in told.iter().map(Result::unwrap) {
            given.extend(
                report
                    .facts
                    .iter()
                    .flat_map(|it| it.deliveries.iter().map(|d| d.id.0)),
            );
            given.extend(report.redelivered.iter().map(|d| d.id.0));
        }
    }
    let mut once = given.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((once.len(), given.len()), (9, 9), "{given:?}");
}

#[test]
fn verdicts_alone_are_committed_and_leave_room_for_facts() {
    let dir = Dir::new();
    let (writer, told) = start(&dir, to_webhooks(&[1]), 16);
    let handle = writer.handle();
    handle.record(1, fact(1, 1, CallInitial)).unwrap();
    let id = told.recv().unwrap().unwrap().facts[0].deliveries[0].id;
    handle
        .verdict(VerdictRow {
            delivery: id,
            change: DeliveryChange::Finished,
        })
        .unwrap();
    let report = told.recv().unwrap().unwrap();
    assert_eq!((report.verdicts, report.upto), (1, None));
    assert_eq!(dir.reader().delivery(id).unwrap(), None);
    assert!(writer.shutdown());
}

#[test]
fn verdicts_fill_half_of_the_queue_at_most() {
    let dir = Dir::new();
    let (journal, recovered) = dir.open();
    // A sink that does not return keeps the queue as it is.
    let (reports, told) = mpsc::sync_channel(0);
    struct Blocked(mpsc::SyncSender<()>);
    impl CommitSink for Blocked {
        fn on_committed(&mut self, _: CommitReport) {
            self.0.send(()).unwrap();
        }
        fn on_fatal(&mut self, error: StoreError) {
            panic!("{error}");
        }
    }
    let writer = JournalWriter::start(
        journal,
        &recovered,
        to_webhooks(&[]),
        Box::new(Blocked(reports)),
        8,
    )
    .unwrap();
    let handle = writer.handle();
    handle.record(1, fact(1, 1, CallInitial)).unwrap();
    while dir.reader().newest().unwrap() == JournalPos(0) {
        std::thread::yield_now();
    }
    let finished = VerdictRow {
        delivery: DeliveryId(1),
        change: DeliveryChange::Finished,
    };
    let verdicts: Vec<_> = (0..6).map(|_| handle.verdict(finished)).collect();
    assert_eq!(
        verdicts.iter().filter(|it| it.is_ok()).count(),
        4,
        "{verdicts:?}"
    );
    let facts: Vec<_> = (2..8)
        .map(|seq| handle.record(seq, fact(1, seq, CallRinging)))
        .collect();
    assert_eq!(facts.iter().filter(|it| it.is_ok()).count(), 4, "{facts:?}");
    assert_eq!(facts[5], Err(Refused::Full));
    let reading = std::thread::spawn(move || told.iter().count());
    assert!(writer.shutdown());
    assert!(reading.join().unwrap() >= 2);
}

#[test]
fn a_commit_that_fails_is_told_once_and_ends_the_writer() {
    let dir = Dir::new();
    let (mut journal, recovered) = dir.open();
    journal
        .commit(&batch([(fact(1, 1, CallInitial), vec![delivery(1, 1, 0)])]))
        .unwrap();
    journal.next_delivery = 1; // the writer will give an id a second time
    let (reports, told) = mpsc::channel();
    let writer = JournalWriter::start(
        journal,
        &recovered,
        to_webhooks(&[1]),
        Box::new(Reports(reports)),
        16,
    )
    .unwrap();
    let handle = writer.handle();
    handle.record(1, fact(2, 1, CallInitial)).unwrap();
    let told: Vec<_> = told.iter().collect();
    assert!(
        matches!(told[..], [Err(StoreError::Conflict { .. })]),
        "{told:?}"
    );
    assert!(writer.shutdown());
    assert_eq!(
        handle.record(2, fact(2, 2, CallRinging)),
        Err(Refused::Closed)
    );
}

#[test]
fn the_writer_purges_between_commits() {
    let dir = Dir::new();
    let (writer, told) = start(&dir, to_webhooks(&[]), 4_096);
    let handle = writer.handle();
    for call in 1..=1_000 {
        handle.record(call, fact(call, 1, CallMissed)).unwrap();
    }
    handle
        .purge(Wall::from_unix_seconds(90_000), JournalPos(1_000))
        .unwrap();
    let reader = dir.reader();
    while reader.oldest().unwrap() != Some(JournalPos(900)) {
        std::thread::yield_now();
    }
    assert!(writer.shutdown());
    assert_eq!(facts_told(&told).0.len(), 1_000);
    assert_eq!(
        reader
            .events_after(JournalPos(0), 9_999, None)
            .unwrap()
            .len(),
        101
    );
}

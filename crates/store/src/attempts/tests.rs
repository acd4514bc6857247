use std::sync::Arc;

use offhook_base::{CallId, EventName, FactRecord, JournalPos};
use tempfile::TempDir;

use super::*;
use crate::{
    Batch, DeliveryChange, Journal, JournalReader, Refused, RoutedDelivery, RoutedFact, StoreError,
    VerdictRow,
};

/// 2026-11-22, 10:00 UTC.
const MONDAY: Wall = Wall::from_unix_seconds(1_795_341_600);
const DAY: i64 = 86_400;

fn day(n: i64) -> Wall {
    Wall::from_unix_seconds(MONDAY.unix_seconds() + n * DAY)
}

fn event(root: u64, seq: u64, name: EventName, at: Wall) -> EventRecord {
    EventRecord {
        id: format!("n1.{root}.{seq}").into(),
        root: CallId(root),
        call: CallId(root),
        seq: Some(seq),
        name,
        context: "LOCAL_USER".into(),
        is_final: name.is_last(),
        at,
        body: format!("{{\"seq\":{seq}}}").into_bytes().into(),
    }
}

fn finished(id: u64, root: u64, state: DeliveryState, at: Wall) -> FinishedDelivery {
    FinishedDelivery {
        id: DeliveryId(id),
        webhook: WebhookId(1 + u32::try_from(id % 2).unwrap()),
        event: event(root, 1, EventName::CallInitial, at),
        prev_seq: 0,
        state,
        reason: (state != DeliveryState::Delivered).then(|| "status 500".to_owned()),
        replayed: false,
        finished_at: at,
    }
}

fn attempt(id: u64, n: u32, at: Wall) -> AttemptRecord {
    AttemptRecord {
        delivery: DeliveryId(id),
        n,
        at,
        ms: 84,
        status: Some(200),
        error: None,
        request_headers: vec![("webhook-id".to_owned(), "n1.1".to_owned())],
        response_headers: vec![("server".to_owned(), "x".to_owned())],
        response_body: Bytes::from_static(b"ok"),
    }
}

fn waiting(id: u64, event: EventRecord) -> RoutedFact {
    let fact = FactRecord {
        event,
        snapshot: None,
        cdr: None,
        sms: None,
        recording: None,
    };
    let webhook = WebhookId(1 + u32::try_from(id % 2).unwrap());
    let deliveries = vec![RoutedDelivery {
        id: DeliveryId(id),
        webhook,
        prev_seq: 0,
        held: false,
    }];
    RoutedFact { fact, deliveries }
}

struct World {
    dir: TempDir,
    journal: Journal,
    writer: AttemptsWriter,
    reader: DeliveryReader,
}

impl World {
    fn new(capacity: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let (journal, _) = Journal::open(&path).unwrap();
        let writer = AttemptsWriter::start(dir.path(), MONDAY, capacity).unwrap();
        let reader = DeliveryReader::new(dir.path(), Arc::new(JournalReader::open(&path).unwrap()));
        Self {
            dir,
            journal,
            writer,
            reader,
        }
    }

    /// Commits an event with one unfinished delivery.
    fn wait(&mut self, id: u64, event: EventRecord) {
        self.commit(vec![waiting(id, event)]);
    }

    fn commit(&mut self, facts: Vec<RoutedFact>) {
        self.journal
            .commit(&Batch {
                facts,
                ..Batch::default()
            })
            .unwrap();
    }

    fn verdict(&mut self, id: u64, change: DeliveryChange) {
        let verdicts = vec![VerdictRow {
            delivery: DeliveryId(id),
            change,
        }];
        self.journal
            .commit(&Batch {
                verdicts,
                ..Batch::default()
            })
            .unwrap();
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names
            .filter(|name| name.starts_with("attempts-") && name.ends_with(".db"))
            .collect();
        names.sort();
        names
    }

    #[track_caller]
    fn check_list(&self, filter: DeliveryFilter, expected: &[u64]) {
        let list = self.reader.list(&filter, 1, 100).unwrap();
        assert_eq!(
            list.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
        assert_eq!(list.total, expected.len() as u64, "{filter:?}");
    }
}

#[test]
fn a_finished_delivery_is_read_back_with_its_attempts() {
    let world = World::new(64);
    let handle = world.writer.handle();
    let failed = AttemptRecord {
        status: None,
        error: Some("timeout after 10 s".to_owned()),
        ..attempt(7, 1, MONDAY)
    };
    let mut second = attempt(7, 2, day(1));
    second
        .request_headers
        .push(("Authorization".to_owned(), "Basic c2VjcmV0".to_owned()));
    handle.attempt(failed.clone());
    handle.attempt(second.clone());
    let end = FinishedDelivery {
        finished_at: day(1),
        ..finished(7, 3, DeliveryState::Delivered, MONDAY)
    };
    handle.finished(end.clone()).unwrap();
    handle.flush().unwrap();
    assert_eq!(
        world.files(),
        ["attempts-20261122.db", "attempts-20261123.db"]
    );

    let row = world.reader.get(DeliveryId(7)).unwrap().unwrap();
    second.request_headers[1].1 = "…".to_owned();
    assert_eq!(
        row.attempts,
        [failed, second],
        "over two days, oldest first, no credentials"
    );
    assert_eq!(
        (row.state, row.finished_at, row.next_attempt_at),
        (DeliveryState::Delivered, Some(day(1)), None)
    );
    assert_eq!(row.event, end.event);
    assert_eq!(world.reader.get(DeliveryId(8)).unwrap(), None);
    assert!(world.writer.shutdown());
}

#[test]
fn the_list_joins_the_days_and_what_the_journal_still_holds() {
    let mut world = World::new(64);
    let handle = world.writer.handle();
    handle
        .finished(finished(1, 1, DeliveryState::Delivered, MONDAY))
        .unwrap();
    handle
        .finished(finished(2, 2, DeliveryState::Failed, day(1)))
        .unwrap();
    handle
        .finished(finished(4, 4, DeliveryState::Expired, day(2)))
        .unwrap();
    handle.flush().unwrap();
    world.wait(3, event(3, 2, EventName::CallRinging, day(1)));
    world.wait(5, event(5, 2, EventName::CallRinging, day(2)));
    world.verdict(3, DeliveryChange::Held);
    let all = DeliveryFilter::default;
    world.check_list(all(), &[5, 4, 3, 2, 1]);
    world.check_list(
        DeliveryFilter {
            webhook: Some(WebhookId(2)),
            ..all()
        },
        &[5, 3, 1],
    );
    world.check_list(
        DeliveryFilter {
            call: Some(CallId(4)),
            ..all()
        },
        &[4],
    );
    world.check_list(
        DeliveryFilter {
            root: Some(CallId(3)),
            ..all()
        },
        &[3],
    );
    world.check_list(
        DeliveryFilter {
            event_id: Some("n1.2.1".to_owned()),
            ..all()
        },
        &[2],
    );
    world.check_list(
        DeliveryFilter {
            event_id: Some("n1.5.2".to_owned()),
            ..all()
        },
        &[5],
    );
    world.check_list(
        DeliveryFilter {
            event_name: Some(EventName::CallRinging),
            ..all()
        },
        &[5, 3],
    );
    for (state, ids) in [
        (DeliveryState::Pending, [5]),
        (DeliveryState::Held, [3]),
        (DeliveryState::Delivered, [1]),
        (DeliveryState::Failed, [2]),
        (DeliveryState::Expired, [4]),
    ] {
        world.check_list(
            DeliveryFilter {
                state: Some(state),
                ..all()
            },
            &ids,
        );
    }
    world.check_list(
        DeliveryFilter {
            since: Some(day(1)),
            until: Some(day(2)),
            ..all()
        },
        &[3, 2],
    );
    assert!(world.writer.shutdown());
}

#[test]
fn pages_follow_each_other_and_end_empty() {
    let mut world = World::new(256);
    let handle = world.writer.handle();
    for id in (1..=40).filter(|id| id % 4 != 0) {
        let days = i64::try_from(id % 3).unwrap();
        handle
            .finished(finished(id, id, DeliveryState::Delivered, day(days)))
            .unwrap();
    }
    handle.flush().unwrap();
    for id in (4..=40).step_by(4) {
        world.wait(id, event(id, 1, EventName::CallInitial, MONDAY));
    }
    let mut seen = Vec::new();
    for page in 1..=5 {
        let list = world
            .reader
            .list(&DeliveryFilter::default(), page, 9)
            .unwrap();
        assert_eq!(list.total, 40);
        seen.extend(list.rows.iter().map(|row| row.id.0));
    }
    assert_eq!(seen, (1..=40).rev().collect::<Vec<_>>());
    assert_eq!(
        world
            .reader
            .list(&DeliveryFilter::default(), 6, 9)
            .unwrap()
            .rows,
        []
    );
    assert!(world.writer.shutdown());
}

#[test]
fn between_evidence_and_verdict_a_delivery_is_listed_once_and_as_finished() {
    let mut world = World::new(64);
    world.wait(1, event(1, 1, EventName::CallInitial, MONDAY));
    let handle = world.writer.handle();
    handle
        .finished(finished(1, 1, DeliveryState::Delivered, MONDAY))
        .unwrap();
    handle.flush().unwrap();
    let list = world
        .reader
        .list(&DeliveryFilter::default(), 1, 10)
        .unwrap();
    assert_eq!(
        (list.total, list.rows.len(), list.rows[0].state),
        (1, 1, DeliveryState::Delivered)
    );
    assert_eq!(
        world.reader.get(DeliveryId(1)).unwrap().unwrap().state,
        DeliveryState::Delivered
    );
    world.verdict(1, DeliveryChange::Finished);
    assert_eq!(
        world
            .reader
            .list(&DeliveryFilter::default(), 1, 10)
            .unwrap(),
        list
    );
    assert!(world.writer.shutdown());
}

#[test]
fn a_waiting_delivery_shows_its_attempts_and_the_next_one() {
    let mut world = World::new(64);
    world.wait(1, event(1, 1, EventName::CallInitial, MONDAY));
    let due = Wall(MONDAY.0 + 5_000_000);
    world.verdict(1, DeliveryChange::Pending { attempts: 1, due });
    world.writer.handle().attempt(attempt(1, 1, MONDAY));
    world.writer.handle().flush().unwrap();
    let rows = world.reader.of_root(CallId(1)).unwrap();
    assert_eq!(
        (
            rows[0].state,
            rows[0].next_attempt_at,
            rows[0].attempts.len()
        ),
        (DeliveryState::Pending, Some(due), 1)
    );
    world.verdict(1, DeliveryChange::Held);
    assert_eq!(
        world
            .reader
            .get(DeliveryId(1))
            .unwrap()
            .unwrap()
            .next_attempt_at,
        None
    );
    assert!(world.writer.shutdown());
}

#[test]
fn retention_deletes_whole_days_even_while_they_are_read() {
    let world = World::new(64);
    let handle = world.writer.handle();
    for n in 0..3 {
        handle
            .finished(finished(
                1 + u64::try_from(n).unwrap(),
                1,
                DeliveryState::Delivered,
                day(n),
            ))
            .unwrap();
    }
    handle.flush().unwrap();
    world.check_list(DeliveryFilter::default(), &[3, 2, 1]);
    handle.purge(day(2)).unwrap();
    handle.flush().unwrap();
    assert_eq!(world.files(), ["attempts-20261124.db"]);
    world.check_list(DeliveryFilter::default(), &[3]);
    assert!(world.writer.shutdown());
}

#[test]
fn what_is_queued_is_written_when_the_writer_ends() {
    let world = World::new(4_096);
    let handle = world.writer.handle();
    for id in 1..=1_000 {
        handle
            .finished(finished(id, 1, DeliveryState::Delivered, MONDAY))
            .unwrap();
    }
    assert!(world.writer.shutdown());
    assert_eq!(
        handle.finished(finished(1_001, 1, DeliveryState::Delivered, MONDAY)),
        Err(Refused::Closed)
    );
    assert_eq!(
        world
            .reader
            .list(&DeliveryFilter::default(), 1, 1)
            .unwrap()
            .total,
        1_000
    );
}

#[test]
fn a_slow_disk_costs_bodies_then_attempts_never_the_end_of_a_delivery() {
    let world = World::new(400);
    // Another connection's transaction keeps the writer waiting, whatever it holds.
    let lock = rusqlite::Connection::open(world.dir.path().join("attempts-20261122.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let handle = world.writer.handle();
    let mut kept = 0;
    for id in 1..=2_000 {
        handle.attempt(attempt(id, 1, MONDAY));
        if id % 8 == 0
            && handle
                .finished(finished(id, 1, DeliveryState::Delivered, MONDAY))
                .is_ok()
        {
            kept += 1;
        }
    }
    lock.execute_batch("COMMIT").unwrap();
    assert!(world.writer.shutdown());
    let dropped = handle.dropped();
    assert!(dropped.bodies > 0 && dropped.attempts > 0, "{dropped:?}");
    assert_eq!(dropped.unwritten, 0);
    assert_eq!(
        world
            .reader
            .list(&DeliveryFilter::default(), 1, 1)
            .unwrap()
            .total,
        kept
    );
    assert!(kept > 80, "{kept}");
}

#[test]
fn a_days_file_of_a_later_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(
        AttemptsWriter::start(dir.path(), MONDAY, 8)
            .unwrap()
            .shutdown()
    );
    let path = dir.path().join("attempts-20261122.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let refused = AttemptsWriter::start(dir.path(), MONDAY, 8).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Newer { path: at, found: 99, .. } if *at == path),
        "{refused}"
    );
}

#[test]
fn a_query_that_takes_too_long_is_given_up() {
    let mut world = World::new(64);
    let facts = (1..=3_000)
        .map(|id| waiting(id, event(id, 1, EventName::CallInitial, MONDAY)))
        .collect();
    world.commit(facts);
    let journal = JournalReader::open(&world.dir.path().join("journal.db")).unwrap();
    let refused = journal
        .matching(&DeliveryFilter::default(), 10, std::time::Instant::now())
        .unwrap_err();
    assert!(matches!(refused, StoreError::TooBroad), "{refused}");
    assert_eq!(
        journal.newest().unwrap(),
        JournalPos(3_000),
        "the connection can still be used"
    );
    assert!(world.writer.shutdown());
}

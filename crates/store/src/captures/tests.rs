use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::{Refused, StoreError};

struct World {
    dir: TempDir,
    writer: CaptureWriter,
    reader: CaptureReader,
}

impl World {
    fn new(capacity: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let writer = CaptureWriter::start(&dir.path().join("captures.db"), capacity).unwrap();
        let reader = writer.reader().unwrap();
        Self {
            dir,
            writer,
            reader,
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("captures.db")
    }

    fn rows(&self) -> u64 {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.query_row("SELECT count(*) FROM capture", [], |row| row.get(0))
            .unwrap()
    }
}

fn message(root: u64, call: u64, n: i64) -> CapturedMessage {
    CapturedMessage {
        at: Wall(1_000_000 * i64::try_from(call).unwrap() + n),
        call: CallId(call),
        root: CallId(root),
        leg: if n % 2 == 0 {
            "A".to_owned()
        } else {
            "B1".to_owned()
        },
        inbound: n % 3 == 0,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: if n % 2 == 0 {
            "10.0.0.7:5062".parse().unwrap()
        } else {
            "[2001:db8::1]:5060".parse().unwrap()
        },
        transport: [
            CaptureTransport::Udp,
            CaptureTransport::Tcp,
            CaptureTransport::Tls,
            CaptureTransport::Wss,
        ][usize::try_from(n % 4).unwrap()],
        bytes: format!("INVITE sip:{n}@x SIP/2.0\r\nCall-ID: {call}\r\nX: \u{fe}\r\n\r\n")
            .into_bytes()
            .into(),
    }
}

#[test]
fn messages_come_back_as_they_were_from_memory_and_from_the_file() {
    let world = World::new(64);
    let handle = world.writer.handle();
    let sent: Vec<_> = (0..14).map(|n| message(5, 5, n)).collect();
    sent.iter().cloned().for_each(|it| handle.message(it));
    while world.reader.messages(CallId(5)).unwrap().len() < sent.len() {
        std::thread::yield_now();
    }
    assert_eq!(world.rows(), 0, "the call is up");
    assert_eq!(world.reader.messages(CallId(5)).unwrap(), sent);
    handle.flush().unwrap();
    assert_eq!(world.rows(), 1, "one write a call");
    assert_eq!(world.reader.messages(CallId(5)).unwrap(), sent);
    assert!(world.writer.shutdown());
}

#[test]
fn a_root_has_the_messages_of_all_its_calls_and_a_call_its_own() {
    let world = World::new(64);
    let handle = world.writer.handle();
    handle.message(message(1, 1, 0));
    handle.message(message(1, 2, 1));
    handle.flush().unwrap();
    handle.message(message(1, 1, 2));
    handle.message(message(3, 3, 0));
    assert!(world.writer.shutdown());
    let of = |messages: Vec<CapturedMessage>| {
        messages
            .into_iter()
            .map(|it| (it.call.0, it.at.0 % 10))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(world.reader.messages(CallId(1)).unwrap()),
        [(1, 0), (1, 2), (2, 1)]
    );
    assert_eq!(
        of(world.reader.messages_of_call(CallId(1)).unwrap()),
        [(1, 0), (1, 2)]
    );
    assert_eq!(
        of(world.reader.messages_of_call(CallId(2)).unwrap()),
        [(2, 1)]
    );
    assert_eq!(of(world.reader.messages(CallId(4)).unwrap()), []);
}

#[test]
fn a_call_with_many_messages_is_packed_while_it_is_up() {
    let world = World::new(2_048);
    let handle = world.writer.handle();
    for n in 0..600 {
        handle.message(message(1, 1, n));
    }
    while world.rows() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(world.reader.messages(CallId(1)).unwrap().len(), 600);
    assert!(world.writer.shutdown());
}

#[test]
fn an_ended_call_is_packed_after_its_last_answers() {
    let mut live = live::Live::new(1);
    let start = std::time::Instant::now();
    live.push(start, message(1, 1, 0));
    live.push(start, message(2, 2, 0));
    live.end(start, CallId(1));
    assert_eq!(live.due(start, false), []);
    let later = start + std::time::Duration::from_secs(6);
    assert_eq!(live.due(later, false), [CallId(1)]);
    assert_eq!(
        live.due(later + std::time::Duration::from_secs(60), false),
        [CallId(1), CallId(2)]
    );
}

#[test]
fn secrets_never_reach_the_memory_of_a_call() {
    let world = World::new(64);
    let mut invite = message(1, 1, 0);
    invite.bytes = Bytes::from_static(
        b"INVITE sip:x SIP/2.0\r\nProxy-Authorization: Digest response=\"beef\"\r\n\r\n",
    );
    world.writer.handle().message(invite);
    let found = loop {
        if let Some(found) = world.reader.messages(CallId(1)).unwrap().pop() {
            break found;
        }
        std::thread::yield_now();
    };
    assert!(
        found.bytes.ends_with(b"response=\"xxxx\"\r\n\r\n"),
        "{found:?}"
    );
    assert!(world.writer.shutdown());
}

#[test]
fn a_purge_by_age_takes_whole_roots_and_stops_at_the_first_young_one() {
    let world = World::new(64);
    let handle = world.writer.handle();
    for call in 1..=6 {
        handle.message(message(call, call, 0));
    }
    handle.flush().unwrap();
    handle.message(message(1, 9, 0));
    handle.flush().unwrap();
    handle.message(message(2, 2, 1)); // this call is up
    handle.purge(Wall(3_500_000), u64::MAX).unwrap();
    assert!(world.writer.shutdown());
    let left: Vec<_> = (1..=6)
        .filter(|root| !world.reader.messages(CallId(*root)).unwrap().is_empty())
        .collect();
    assert_eq!(left, [2, 4, 5, 6]);
}

#[test]
fn a_purge_by_size_takes_the_oldest_and_gives_the_octets_back() {
    let world = World::new(4_096);
    let handle = world.writer.handle();
    for call in 1..=400_u64 {
        let mut noise = message(call, call, 0);
        // What does not compress.
        noise.bytes = (0..4_096_u64)
            .map(|n| {
                n.wrapping_mul(n * call)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_le_bytes()[6]
            })
            .collect::<Vec<_>>()
            .into();
        handle.message(noise);
    }
    handle.flush().unwrap();
    let before = world.reader.used_bytes().unwrap();
    assert!(before > 1_000_000, "{before}");
    handle.purge(Wall(0), 500_000).unwrap();
    handle.flush().unwrap();
    let after = world.reader.used_bytes().unwrap();
    assert!(after <= 500_000 && after > 100_000, "{after}");
    assert!(world.reader.messages(CallId(1)).unwrap().is_empty());
    assert_eq!(world.reader.messages(CallId(400)).unwrap().len(), 1);
    assert!(world.writer.shutdown());
}

#[test]
fn when_the_thread_is_behind_messages_are_dropped_and_counted() {
    let world = World::new(8);
    let lock = rusqlite::Connection::open(world.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let handle = world.writer.handle();
    handle.message(message(1, 1, 0));
    for n in 0..200 {
        handle.message(message(1, 1, n));
    }
    lock.execute_batch("COMMIT").unwrap();
    let dropped = handle.dropped().messages;
    assert!(dropped >= 150, "{dropped}");
    assert!(world.writer.shutdown());
    assert_eq!(
        world.reader.messages(CallId(1)).unwrap().len() as u64,
        201 - dropped
    );
    assert_eq!(handle.ended(CallId(1)), Err(Refused::Closed));
}

#[test]
fn a_row_that_cannot_be_unpacked_is_corrupt() {
    let world = World::new(8);
    world.writer.handle().message(message(1, 1, 0));
    world.writer.handle().flush().unwrap();
    let db = rusqlite::Connection::open(world.path()).unwrap();
    db.execute("UPDATE capture SET packed = x'28b52ffd'", [])
        .unwrap();
    let refused = world.reader.messages(CallId(1)).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt { path, .. } if *path == world.path()),
        "{refused}"
    );
    assert!(world.writer.shutdown());
}

#[test]
fn after_a_restart_the_file_goes_on() {
    let world = World::new(8);
    world.writer.handle().message(message(1, 1, 0));
    assert!(world.writer.shutdown());
    let writer = CaptureWriter::start(&world.dir.path().join("captures.db"), 8).unwrap();
    writer.handle().message(message(1, 1, 1));
    writer.handle().flush().unwrap();
    assert_eq!(
        writer.reader().unwrap().messages(CallId(1)).unwrap().len(),
        2
    );
    assert!(writer.shutdown());
}

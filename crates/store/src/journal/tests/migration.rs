//! Files of earlier versions are opened with all that is in them.

use rusqlite::{Connection, params};

use super::*;

#[test]
fn a_journal_of_schema_1_opens_with_its_open_call_and_its_delivery() {
    let dir = Dir::new();
    let old = Connection::open(dir.path()).unwrap();
    old.execute_batch(SCHEMA.migrations[0]).unwrap();
    let webhooks = row::pack_webhooks([WebhookId(9)].into_iter());
    let facts = [fact(5, 1, CallInitial), fact(5, 2, CallRinging)];
    for (pos, fact) in (1..).zip(&facts) {
        let event = &fact.event;
        old.execute(
            "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            params![
                pos,
                &*event.id,
                event.root.0,
                event.call.0,
                event.seq,
                event.name.as_str(),
                &*event.context,
                event.at.0,
                event.is_final,
                webhooks,
                &*event.body
            ],
        )
        .unwrap();
    }
    let snapshot = facts[1].snapshot.clone().unwrap();
    old.execute("INSERT INTO open_call VALUES (5, 5, ?)", [&*snapshot])
        .unwrap();
    old.execute(
        "INSERT INTO delivery VALUES (4, 9, 2, 5, 1, 1, 1000, ?, 0)",
        [row::PENDING],
    )
    .unwrap();
    old.execute(
        "UPDATE meta SET next_call_id = 10, next_delivery = 5, next_pos = 3",
        [],
    )
    .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.pragma_update(None, "application_id", SCHEMA.application_id)
        .unwrap();
    drop(old);

    let (mut journal, found) = dir.open();
    assert_eq!(
        found.open_calls,
        [OpenCall {
            call: CallId(5),
            root: CallId(5),
            snapshot,
            last_seq: 2,
        }]
    );
    assert_eq!(
        (found.next_pos, found.next_call_id, found.unfinished),
        (JournalPos(3), 10, 1)
    );
    assert_eq!(
        found.lanes,
        [LanePosition {
            root: CallId(5),
            webhook: WebhookId(9),
            seq: 2
        }]
    );
    journal
        .commit(&batch([(fact(5, 3, CallHangup), vec![])]))
        .unwrap();
    let events = dir.reader().events_of_root(CallId(5)).unwrap();
    let events: Vec<_> = events.into_iter().map(|stored| stored.event).collect();
    let expected = [&facts[0], &facts[1], &fact(5, 3, CallHangup)].map(|fact| fact.event.clone());
    assert_eq!(events, expected);
    drop(journal);
    assert!(dir.open().1.open_calls.is_empty());
}

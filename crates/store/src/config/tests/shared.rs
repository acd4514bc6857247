//! Trunks, numbers, ring groups and queues.

use offhook_base::{DdiId, QueueId, RingGroupId, TrunkId};

use super::*;

fn group(number: &str, users: &[UserId]) -> RingGroupSpec {
    RingGroupSpec {
        name: "Sales".to_owned(),
        number: number.to_owned(),
        users: users.to_vec(),
        ..RingGroupSpec::default()
    }
}

fn queue(number: &str, users: &[(UserId, bool)]) -> QueueSpec {
    let agent = |&(id, status): &(UserId, bool)| QueueAgent { id, status };
    QueueSpec {
        name: "Support".to_owned(),
        number: number.to_owned(),
        users: users.iter().map(agent).collect(),
        ..QueueSpec::default()
    }
}

fn ddi(e164: &str, target: DdiTarget) -> DdiSpec {
    DdiSpec {
        e164: e164.to_owned(),
        trunk: None,
        target,
    }
}

/// An admin and two users.
fn people(db: &ConfigDb) -> [UserId; 3] {
    let make = |(ext, role)| db.create_user(&new_user(ext, role), NOW).unwrap().id;
    [
        ("100", Role::Admin),
        ("101", Role::User),
        ("102", Role::User),
    ]
    .map(make)
}

fn fault<T: fmt::Debug>(done: Result<T, StoreError>) -> String {
    match done {
        Err(StoreError::Taken { field, by }) => format!("{field} taken by {by}"),
        Err(StoreError::Dangling { field, id, kind }) => format!("{field} {id} is no {kind}"),
        Err(StoreError::InUse { by }) => format!("in use by {by}"),
        Err(StoreError::Conflict { what }) => format!("conflict {what}"),
        Err(StoreError::NotFound) => "not found".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trunk_is_made_altered_and_removed_and_its_id_is_never_used_again() {
    let (_dir, db) = open();
    let spec = TrunkSpec {
        name: "Carrier".to_owned(),
        host: "sip.carrier.example".to_owned(),
        ..TrunkSpec::default()
    };
    let made = db.create_trunk(&spec).unwrap();
    assert_eq!((made.id, &made.spec), (TrunkId(1), &spec));
    let patch = TrunkPatch {
        port: Some(5080),
        prefix: Some("00".to_owned()),
        active: Some(false),
        ..TrunkPatch::default()
    };
    let altered = db.update_trunk(made.id, patch).unwrap();
    assert_eq!(db.trunk(made.id).unwrap(), altered);
    assert_eq!(db.all_trunks().unwrap(), std::slice::from_ref(&altered));
    assert_eq!(altered.spec.host, spec.host);
    let page = db.trunks(&select(
        &TRUNKS,
        "[{\"property\":\"active\",\"operator\":\"eq\",\"value\":false}]",
    ));
    assert_eq!(page.unwrap().data, [altered]);
    db.delete_trunks(&[made.id]).unwrap();
    assert_eq!(fault(db.trunk(made.id)), "not found");
    assert_eq!(db.create_trunk(&spec).unwrap().id, TrunkId(2));
}

#[test]
fn extensions_of_users_groups_and_queues_are_one_space_of_numbers() {
    let (_dir, db) = open();
    let [ana, ..] = people(&db);
    let sales = db.create_ring_group(&group("200", &[])).unwrap();
    let support = db.create_queue(&queue("300", &[])).unwrap();
    let new = |ext: &str| NewUser {
        email: "z@example.org".to_owned(),
        ..new_user(ext, Role::User)
    };
    let of_group = "taken by ring group 1 (Sales)";
    let of_queue = "taken by queue 1 (Support)";
    let of_user = "taken by user 100001 (Ana López)";
    assert_eq!(
        fault(db.create_user(&new("200"), NOW)),
        format!("ext {of_group}")
    );
    assert_eq!(
        fault(db.create_user(&new("300"), NOW)),
        format!("ext {of_queue}")
    );
    assert_eq!(
        fault(db.create_ring_group(&group("100", &[]))),
        format!("number {of_user}")
    );
    assert_eq!(
        fault(db.create_ring_group(&group("200", &[]))),
        format!("number {of_group}")
    );
    assert_eq!(
        fault(db.create_queue(&queue("200", &[]))),
        format!("number {of_group}")
    );
    let ext = UserPatch {
        ext: Some("300".to_owned()),
        ..UserPatch::default()
    };
    assert_eq!(
        fault(db.update_user(ana, &ext, NOW)),
        format!("ext {of_queue}")
    );
    let number = RingGroupPatch {
        number: Some("300".to_owned()),
        ..RingGroupPatch::default()
    };
    assert_eq!(
        fault(db.update_ring_group(sales.id, number)),
        format!("number {of_queue}")
    );
    let number = QueuePatch {
        number: Some("100".to_owned()),
        ..QueuePatch::default()
    };
    assert_eq!(
        fault(db.update_queue(support.id, number)),
        format!("number {of_user}")
    );
    // One's own number is nobody else's, and one that was given up is free.
    let same = QueuePatch {
        number: Some("300".to_owned()),
        ..QueuePatch::default()
    };
    db.update_queue(support.id, same).unwrap();
    db.delete_queues(&[support.id]).unwrap();
    db.create_user(&new("300"), NOW).unwrap();
}

#[test]
fn members_keep_their_order_and_vanish_with_their_user() {
    let (_dir, db) = open();
    let [ana, eva, leo] = people(&db);
    let sales = db
        .create_ring_group(&group("200", &[leo, ana, eva]))
        .unwrap();
    let support = db
        .create_queue(&queue("300", &[(eva, true), (leo, false), (ana, true)]))
        .unwrap();
    assert_eq!(sales.spec.users, [leo, ana, eva]);
    assert_eq!(db.ring_group(sales.id).unwrap(), sales);
    assert_eq!(db.queue(support.id).unwrap(), support);
    assert_eq!(
        (db.ring_groups_of(leo).unwrap(), db.queues_of(leo).unwrap()),
        (vec![RingGroupId(1)], vec![QueueId(1)])
    );
    let reversed = RingGroupPatch {
        users: Some(vec![eva, ana, leo]),
        ..RingGroupPatch::default()
    };
    db.update_ring_group(sales.id, reversed).unwrap();
    db.delete_users(&[leo]).unwrap();
    assert_eq!(db.ring_group(sales.id).unwrap().spec.users, [eva, ana]);
    assert_eq!(
        db.queue(support.id).unwrap().spec,
        queue("300", &[(eva, true), (ana, true)])
    );
    assert_eq!(
        fault(db.create_ring_group(&group("201", &[ana, leo]))),
        "users 100003 is no user"
    );
    assert_eq!(
        fault(db.create_queue(&queue("301", &[(leo, true)]))),
        "users 100003 is no user"
    );
    assert_eq!(
        (
            db.all_ring_groups().unwrap().len(),
            db.all_queues().unwrap().len()
        ),
        (1, 1)
    );
}

#[test]
fn an_agent_is_logged_in_and_out_of_one_queue_or_all() {
    let (_dir, db) = open();
    let [ana, eva, _] = people(&db);
    db.create_queue(&queue("300", &[(ana, true), (eva, true)]))
        .unwrap();
    db.create_queue(&queue("301", &[(eva, true)])).unwrap();
    let status = |queues: Vec<Queue>| -> Vec<(u32, bool)> {
        let of = |queue: Queue| {
            let agent = queue.spec.users.iter().find(|agent| agent.id == eva);
            (queue.id.0, agent.unwrap().status)
        };
        queues.into_iter().map(of).collect()
    };
    let one = db.log_agent(eva, Some(QueueId(2)), false).unwrap();
    assert_eq!(status(one), [(2, false)]);
    assert_eq!(status(db.all_queues().unwrap()), [(1, true), (2, false)]);
    let all = db.log_agent(eva, None, false).unwrap();
    assert_eq!(status(all), [(1, false), (2, false)]);
    assert!(db.queue(QueueId(1)).unwrap().spec.users[0].status);
    assert!(
        db.log_agent(ana, Some(QueueId(2)), true)
            .unwrap()
            .is_empty()
    );
    assert!(db.log_agent(UserId(7), None, true).unwrap().is_empty());
}

#[test]
fn what_a_number_leads_to_cannot_be_removed() {
    let (_dir, db) = open();
    let [_, eva, leo] = people(&db);
    let trunk = db.create_trunk(&TrunkSpec::default()).unwrap().id;
    let sales = db.create_ring_group(&group("200", &[])).unwrap().id;
    let support = db.create_queue(&queue("300", &[])).unwrap().id;
    let to_user = db
        .create_ddi(&DdiSpec {
            trunk: Some(trunk),
            ..ddi("34911000001", DdiTarget::User(eva))
        })
        .unwrap();
    db.create_ddi(&ddi("34911000002", DdiTarget::RingGroup(sales)))
        .unwrap();
    db.create_ddi(&ddi("34911000003", DdiTarget::Queue(support)))
        .unwrap();
    assert_eq!(
        fault(db.delete_users(&[leo, eva])),
        "in use by number 34911000001"
    );
    assert!(db.user(leo, NOW).is_ok());
    assert_eq!(
        fault(db.delete_ring_groups(&[sales])),
        "in use by number 34911000002"
    );
    assert_eq!(
        fault(db.delete_queues(&[support])),
        "in use by number 34911000003"
    );
    assert_eq!(
        fault(db.delete_trunks(&[trunk])),
        "in use by number 34911000001"
    );
    let elsewhere = DdiPatch {
        trunk: Some(None),
        target: Some(DdiTarget::User(leo)),
        ..DdiPatch::default()
    };
    let moved = db.update_ddi(to_user.id, elsewhere).unwrap();
    assert_eq!(moved.spec, ddi("34911000001", DdiTarget::User(leo)));
    assert_eq!(db.ddi(to_user.id).unwrap(), moved);
    db.delete_users(&[eva]).unwrap();
    db.delete_trunks(&[trunk]).unwrap();
    db.delete_ddis(&[DdiId(1), DdiId(2), DdiId(3)]).unwrap();
    db.delete_queues(&[support]).unwrap();
    assert_eq!(fault(db.delete_ddis(&[DdiId(1)])), "not found");
}

#[test]
fn a_number_exists_once_and_leads_to_what_exists() {
    let (_dir, db) = open();
    let [ana, ..] = people(&db);
    db.create_ddi(&ddi("34911000001", DdiTarget::User(ana)))
        .unwrap();
    assert_eq!(
        fault(db.create_ddi(&ddi("34911000001", DdiTarget::User(ana)))),
        "conflict ddi.e164"
    );
    assert_eq!(
        fault(db.create_ddi(&ddi("34911000002", DdiTarget::Queue(QueueId(1))))),
        "target_id 1 is no queue"
    );
    let by_trunk = DdiPatch {
        trunk: Some(Some(TrunkId(9))),
        ..DdiPatch::default()
    };
    assert_eq!(
        fault(db.update_ddi(DdiId(1), by_trunk)),
        "trunk_id 9 is no trunk"
    );
    let page = db.ddis(&select(
        &DDIS,
        "[{\"property\":\"target_type\",\"operator\":\"eq\",\"value\":\"user\"},{\"property\":\"target_id\",\"operator\":\"eq\",\"value\":100001}]",
    ));
    assert_eq!(page.unwrap().total, 1);
    assert_eq!(db.all_ddis().unwrap().len(), 1);
}

#[test]
fn a_queues_day_counts_its_own_callers_since_a_moment() {
    let (_dir, db) = open();
    let queue = QueueId(1);
    let ended = |call: u64, id: &str, info: &str, (wait, talk): (u32, u32)| CdrRecord {
        live_id: CallId(call),
        root_live_id: CallId(call),
        started_at: NOW,
        context: "QUEUE".to_owned(),
        dst: Party {
            id: id.to_owned(),
            ..Party::default()
        },
        disposition: if talk > 0 {
            Disposition::Connected
        } else {
            Disposition::NoAnswer
        },
        info: info.to_owned(),
        duration: wait + talk,
        billsec: talk,
        ..cdr(call, 100_001, None)
    };
    let cdrs = [
        ended(1, "1", "", (20, 60)),
        ended(2, "1", "", (21, 60)),
        ended(3, "1", "abandoned", (5, 0)),
        ended(4, "1", "max_wait", (600, 0)),
        ended(5, "1", "no_agents", (0, 0)),
        ended(6, "2", "", (1, 1)),
        CdrRecord {
            context: "LOCAL_USER".to_owned(),
            ..ended(7, "1", "", (1, 1))
        },
        CdrRecord {
            started_at: Wall(NOW.0 - 1_000_000),
            ..ended(8, "1", "", (1, 1))
        },
        ended(9, "1", "max_length", (0, 0)),
        ended(10, "1", "removed", (3, 0)),
        // Neither the caller nor the queue gave up.
        ended(11, "1", "", (3, 0)),
        ended(12, "1", "transferred", (3, 0)),
    ];
    let batch: Vec<_> = (1..).map(JournalPos).zip(&cdrs).collect();
    db.project(&batch).unwrap();
    let day = db.queue_day(queue, NOW).unwrap();
    let expected = crate::QueueDay {
        answered: 2,
        answered_soon: 1,
        abandoned: 1,
        missed: 4,
    };
    assert_eq!(day, expected);
    assert_eq!(day.service_level(), Some(1.0 / 7.0));
    let none = db.queue_day(QueueId(3), NOW).unwrap();
    assert_eq!(
        (none, none.service_level()),
        (crate::QueueDay::default(), None)
    );
}

//! Files of earlier versions are opened with all that is in them.

use rusqlite::Connection;

use super::*;

#[test]
fn a_file_of_schema_2_opens_and_loses_nothing() {
    let (dir, db) = open();
    let path = db.inner.path.clone();
    // The key file stays: secrets are sealed under it.
    drop(db);
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", path.display());
        if Path::new(&file).exists() {
            fs::remove_file(file).unwrap();
        }
    }
    let old = Connection::open(&path).unwrap();
    for sql in &SCHEMA.migrations[..2] {
        old.execute_batch(sql).unwrap();
    }
    old.execute_batch(
        "INSERT INTO setting VALUES ('digest_realm', 'offhook');
         INSERT INTO user VALUES (100001, 'Ana', 'López', 'a@example.org', '2001', 'admin', 1, 0, 'none', '$argon2id$test', 1000000);
         INSERT INTO phone VALUES (7, 100001, '2001-a', 'Ana', 'm', 's', 1000000);
         INSERT INTO webhook VALUES (3, 'crm', 'https://a.example/', '[\"call.missed\"]', '[]', 1, 'active', NULL, 'bounded', 5000, '{}', 1000000, NULL);",
    )
    .unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    old.pragma_update(None, "application_id", SCHEMA.application_id)
        .unwrap();
    drop(old);

    let db = ConfigDb::open(dir.path()).unwrap();
    let user = db.user(UserId(100_001), NOW).unwrap();
    assert_eq!(
        (&*user.last_name, &*user.ext, user.role),
        ("López", "2001", Role::Admin)
    );
    assert_eq!(
        (user.voicemail, user.voicemail_after),
        (false, VOICEMAIL_AFTER)
    );
    let phone = db.phone(PhoneId(7), NOW).unwrap();
    assert_eq!(
        (phone.user_id, &*phone.username),
        (UserId(100_001), "2001-a")
    );
    let webhook = db.webhook(WebhookId(3), NOW).unwrap();
    assert_eq!(
        (&*webhook.name, &*webhook.url),
        ("crm", "https://a.example/")
    );
    // What came since is there, and ids go on from the old ones.
    assert!(db.all_queues().unwrap().is_empty());
    assert_eq!(
        db.create_user(&new_user("2002", Role::User), NOW)
            .unwrap()
            .id,
        UserId(100_002)
    );
    drop(db);
    let file = Connection::open(&path).unwrap();
    let version: usize = file
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, SCHEMA.migrations.len());
}

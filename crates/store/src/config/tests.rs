use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use md5::{Digest, Md5};
use offhook_base::{
    CallId, CdrRecord, Disposition, Heard, JournalPos, Party, PhoneId, Quality, Secret,
    TerminatedBy, UserId, Wall, WebhookId,
};

use super::*;
use crate::filter::ListParams;
use crate::{BindingChange, CDRS, CdrScope, StoredBinding};

mod migration;
mod shared;

const NOW: Wall = Wall(1_700_000_000_000_000);

fn after(seconds: u64) -> Wall {
    NOW + Duration::from_secs(seconds)
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn open() -> (tempfile::TempDir, ConfigDb) {
    let dir = tempfile::tempdir().unwrap();
    let db = ConfigDb::open(dir.path()).unwrap();
    assert_eq!(db.fix_digest_realm("offhook").unwrap(), "offhook");
    (dir, db)
}

fn new_user(ext: &str, role: Role) -> NewUser {
    NewUser {
        first_name: "Ana".to_owned(),
        last_name: "López".to_owned(),
        email: format!("{ext}@example.org"),
        ext: ext.to_owned(),
        role,
        active: true,
        dnd: false,
        record: RecordMode::None,
        voicemail: false,
        voicemail_after: VOICEMAIL_AFTER,
        password_hash: Some(secret("$argon2id$test")),
    }
}

fn new_phone(user: UserId) -> NewPhone {
    NewPhone {
        user_id: user,
        username: None,
        display_name: None,
        password: secret("correct horse"),
    }
}

fn new_webhook(secret: &Secret<String>) -> NewWebhook {
    NewWebhook {
        name: "CRM".to_owned(),
        url: "https://crm.example/hook".to_owned(),
        events: vec!["call.state_change".to_owned()],
        contexts: vec!["QUEUE".to_owned()],
        active: true,
        order: Ordering::Bounded,
        timeout: Duration::from_secs(10),
        headers: BTreeMap::from([("X-Key".to_owned(), "1".to_owned())]),
        secret: secret.clone(),
    }
}

fn select(resource: &'static crate::filter::Resource, filter: &str) -> Selection {
    let params = ListParams {
        filter: Some(filter),
        ..ListParams::default()
    };
    Selection::parse(resource, &params).unwrap()
}

/// Every octet of every file of the store.
fn octets(dir: &Path) -> Vec<u8> {
    let files = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files.flat_map(|path| fs::read(path).unwrap()).collect()
}

fn holds(octets: &[u8], needle: &str) -> bool {
    octets
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[test]
fn users_are_numbered_from_100001_and_a_number_is_never_used_again() {
    let (_dir, db) = open();
    let admin = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    assert_eq!(admin.id, UserId(100_001));
    let second = db.create_user(&new_user("101", Role::User), NOW).unwrap();
    db.delete_users(&[second.id]).unwrap();
    assert_eq!(
        db.create_user(&new_user("102", Role::User), NOW)
            .unwrap()
            .id,
        UserId(100_003)
    );
}

#[test]
fn a_user_says_whether_callers_may_leave_a_message_and_after_how_long() {
    let (_dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    assert_eq!((user.voicemail, user.voicemail_after), (false, 20));
    let patch = UserPatch {
        voicemail: Some(true),
        voicemail_after: Some(35),
        ..UserPatch::default()
    };
    db.update_user(user.id, &patch, NOW).unwrap();
    let other = UserPatch {
        dnd: Some(true),
        ..UserPatch::default()
    };
    db.update_user(user.id, &other, NOW).unwrap();
    let user = db.user(user.id, NOW).unwrap();
    assert_eq!((user.voicemail, user.voicemail_after), (true, 35));
    let voicemail = r#"[{"property":"voicemail","operator":"eq","value":true}]"#;
    assert_eq!(db.users(&select(&USERS, voicemail), NOW).unwrap().total, 1);
}

#[test]
fn a_taken_email_or_ext_is_a_conflict_that_names_the_column() {
    let (_dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let taken = |new: &NewUser| match db.create_user(new, NOW) {
        Err(StoreError::Conflict { what }) => what,
        Err(StoreError::Taken { field, by }) => format!("{field}: {by}"),
        other => panic!("{other:?}"),
    };
    let same_ext = NewUser {
        email: "b@example.org".to_owned(),
        ..new_user("100", Role::User)
    };
    assert_eq!(taken(&same_ext), "ext: user 100001 (Ana López)");
    let same_email = NewUser {
        email: "100@EXAMPLE.org".to_owned(),
        ..new_user("101", Role::User)
    };
    assert_eq!(taken(&same_email), "user.email");
    assert_eq!(db.user(user.id, NOW).unwrap(), user);
}

#[test]
fn one_active_admin_is_always_left() {
    let (_dir, db) = open();
    let admin = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let is_kept = |done: Result<(), StoreError>| matches!(done, Err(StoreError::Conflict { what }) if what == "user.role");
    assert!(is_kept(db.delete_users(&[admin.id])));
    let demote = UserPatch {
        role: Some(Role::User),
        ..UserPatch::default()
    };
    assert!(is_kept(db.update_user(admin.id, &demote, NOW).map(drop)));
    let switch_off = UserPatch {
        active: Some(false),
        ..UserPatch::default()
    };
    assert!(is_kept(
        db.update_user(admin.id, &switch_off, NOW).map(drop)
    ));
    assert_eq!(db.user(admin.id, NOW).unwrap(), admin);

    let other = db.create_user(&new_user("101", Role::Admin), NOW).unwrap();
    db.delete_users(&[admin.id]).unwrap();
    assert!(matches!(db.user(admin.id, NOW), Err(StoreError::NotFound)));
    assert!(is_kept(db.delete_users(&[other.id])));
}

#[test]
fn deleting_several_deletes_all_or_none() {
    let (_dir, db) = open();
    db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let user = db.create_user(&new_user("101", Role::User), NOW).unwrap();
    assert!(matches!(
        db.delete_users(&[user.id, UserId(7)]),
        Err(StoreError::NotFound)
    ));
    assert!(db.user(user.id, NOW).is_ok());
}

#[test]
fn ha1_is_kept_for_both_algorithms_and_the_password_nowhere() {
    let (dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let (phone, account) = db.create_phone(&new_phone(user.id), NOW).unwrap();
    assert_eq!(
        (phone.username.as_str(), phone.display_name.as_str()),
        ("100", "Ana López")
    );
    // RFC 2617 3.2.2.2: MD5(username:realm:password).
    let expected: String = Md5::digest(b"100:offhook:correct horse")
        .iter()
        .map(|o| format!("{o:02x}"))
        .collect();
    assert_eq!(account.ha1_md5.expose(), &expected);
    assert_eq!(account.ha1_sha256.expose().len(), 64);
    assert!(account.enabled);
    assert_eq!(db.accounts().unwrap(), std::slice::from_ref(&account));

    let (_, fresh) = db
        .reset_phone(phone.id, &secret("battery staple"), NOW)
        .unwrap();
    assert_ne!(fresh.ha1_md5, account.ha1_md5);
    assert_ne!(fresh.ha1_sha256, account.ha1_sha256);
    let octets = octets(dir.path());
    assert!(!holds(&octets, "correct horse") && !holds(&octets, "battery staple"));
}

#[test]
fn usernames_default_to_the_ext_and_count_on_from_two() {
    let (_dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let names: Vec<_> = (0..3)
        .map(|_| {
            db.create_phone(&new_phone(user.id), NOW)
                .unwrap()
                .0
                .username
        })
        .collect();
    assert_eq!(names, ["100", "100-2", "100-3"]);
    let taken = NewPhone {
        username: Some("100-2".to_owned()),
        ..new_phone(user.id)
    };
    assert!(
        matches!(db.create_phone(&taken, NOW), Err(StoreError::Conflict { what }) if what == "phone.username")
    );
    assert!(matches!(
        db.create_phone(&new_phone(UserId(7)), NOW),
        Err(StoreError::NotFound)
    ));
}

#[test]
fn the_digest_realm_of_the_first_start_stays() {
    let (dir, db) = open();
    drop(db);
    let db = ConfigDb::open(dir.path()).unwrap();
    assert_eq!(db.fix_digest_realm("another.example").unwrap(), "offhook");
}

#[test]
fn a_phone_of_a_user_that_is_switched_off_is_not_enabled() {
    let (_dir, db) = open();
    db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let user = db.create_user(&new_user("101", Role::User), NOW).unwrap();
    db.create_phone(&new_phone(user.id), NOW).unwrap();
    db.update_user(
        user.id,
        &UserPatch {
            active: Some(false),
            ..UserPatch::default()
        },
        NOW,
    )
    .unwrap();
    assert!(!db.accounts_of(user.id).unwrap()[0].enabled);
    assert_eq!(db.login("101@example.org").unwrap(), None);
}

#[test]
fn a_session_lives_half_an_hour_after_its_last_use() {
    let (dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let token = secret(&"ab".repeat(20));
    db.create_session(user.id, &token, NOW).unwrap();
    for step in 1..10 {
        assert_eq!(
            db.authenticate(&token, after(step * 1_780))
                .unwrap()
                .user
                .id,
            user.id
        );
    }
    assert!(matches!(
        db.authenticate(&token, after(9 * 1_780 + 1_800)),
        Err(StoreError::NotFound)
    ));
    assert!(matches!(
        db.authenticate(&secret(&"cd".repeat(20)), NOW),
        Err(StoreError::NotFound)
    ));
    assert!(!holds(&octets(dir.path()), token.expose()));
}

#[test]
fn a_new_password_or_a_switched_off_user_ends_the_sessions() {
    let (_dir, db) = open();
    db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let user = db.create_user(&new_user("101", Role::User), NOW).unwrap();
    let (session, api) = (secret(&"ab".repeat(20)), secret(&"cd".repeat(20)));
    db.create_session(user.id, &session, NOW).unwrap();
    let new = NewToken {
        user_id: user.id,
        name: "crm".to_owned(),
        expiry: None,
        token: api.clone(),
    };
    db.create_token(&new, NOW).unwrap();
    db.update_user(
        user.id,
        &UserPatch {
            password_hash: Some(secret("$new")),
            ..UserPatch::default()
        },
        NOW,
    )
    .unwrap();
    assert!(db.authenticate(&session, NOW).is_err());
    assert!(db.authenticate(&api, NOW).is_ok());
    db.update_user(
        user.id,
        &UserPatch {
            active: Some(false),
            ..UserPatch::default()
        },
        NOW,
    )
    .unwrap();
    assert!(db.authenticate(&api, NOW).is_err());
}

#[test]
fn api_tokens_expire_when_idle_or_never_and_are_removed_by_id_or_by_themselves() {
    let (_dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let make = |name: &str, expiry, text: &str| {
        let new = NewToken {
            user_id: user.id,
            name: name.to_owned(),
            expiry,
            token: secret(text),
        };
        db.create_token(&new, NOW)
    };
    let (short, ever) = ("ab".repeat(20), "cd".repeat(20));
    let listed = make("short", Some(60), &short).unwrap();
    make("ever", None, &ever).unwrap();
    assert!(matches!(
        make("short", None, &"ef".repeat(20)),
        Err(StoreError::Conflict { .. })
    ));
    assert!(db.authenticate(&secret(&short), after(59)).is_ok());
    assert!(db.authenticate(&secret(&short), after(59 + 61)).is_err());
    assert!(db.authenticate(&secret(&ever), after(400 * 86_400)).is_ok());

    assert_eq!(db.tokens(user.id, &select(&TOKENS, "[]")).unwrap().total, 2);
    db.delete_token(user.id, &listed.id.to_string()).unwrap();
    assert!(matches!(
        db.delete_token(UserId(100_002), &ever),
        Err(StoreError::NotFound)
    ));
    db.delete_token(user.id, &ever).unwrap();
    assert!(db.authenticate(&secret(&ever), NOW).is_err());
    assert_eq!(db.tokens(user.id, &select(&TOKENS, "[]")).unwrap().total, 0);
}

#[test]
fn webhooks_are_numbered_from_one_and_their_secrets_sealed() {
    let (dir, db) = open();
    let first = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_eq!(db.next_webhook_id().unwrap(), WebhookId(1));
    let webhook = db.create_webhook(&new_webhook(&first), NOW).unwrap();
    assert_eq!(
        (webhook.id, db.next_webhook_id().unwrap()),
        (WebhookId(1), WebhookId(2))
    );
    assert_eq!(
        webhook.secrets,
        [WebhookSecret {
            secret: first,
            expires_at: None
        }]
    );
    assert_eq!(webhook.headers.get("X-Key").map(String::as_str), Some("1"));
    assert!(!holds(
        &octets(dir.path()),
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    ));
    let mode = fs::metadata(dir.path().join("offhook.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    drop(db);
    let db = ConfigDb::open(dir.path()).unwrap();
    assert_eq!(db.all_webhooks(NOW).unwrap(), [webhook]);
}

#[test]
fn a_rotated_secret_signs_on_for_its_time_beside_the_new_one() {
    let (_dir, db) = open();
    let secrets: Vec<_> = ["whsec_one", "whsec_two", "whsec_three"].map(secret).into();
    let id = db
        .create_webhook(&new_webhook(&secrets[0]), NOW)
        .unwrap()
        .id;
    db.rotate_secret(id, &secrets[1], after(100), NOW).unwrap();
    let rotated = db
        .rotate_secret(id, &secrets[2], after(200), after(1))
        .unwrap();
    let shown = |webhook: Webhook| {
        webhook
            .secrets
            .iter()
            .map(|one| one.secret.expose().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(rotated), ["whsec_three", "whsec_two"]);
    assert_eq!(shown(db.webhook(id, after(200)).unwrap()), ["whsec_three"]);
}

#[test]
fn a_lost_or_foreign_key_file_is_told_at_once() {
    let (dir, db) = open();
    db.create_webhook(&new_webhook(&secret("whsec_one")), NOW)
        .unwrap();
    drop(db);
    let key = dir.path().join("offhook.key");
    fs::remove_file(&key).unwrap();
    let error = ConfigDb::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("offhook.key"), "{error}");
    fs::write(&key, [7; 32]).unwrap();
    let db = ConfigDb::open(dir.path()).unwrap();
    assert!(matches!(
        db.webhook(WebhookId(1), NOW),
        Err(StoreError::Corrupt { .. })
    ));
    fs::write(&key, [7; 5]).unwrap();
    assert!(matches!(
        ConfigDb::open(dir.path()),
        Err(StoreError::Corrupt { .. })
    ));
}

#[test]
fn health_is_noted_and_switching_on_ends_a_disabled_state() {
    let (_dir, db) = open();
    let id = db
        .create_webhook(&new_webhook(&secret("whsec_one")), NOW)
        .unwrap()
        .id;
    let health = |state, reason: Option<&str>, at| WebhookHealth {
        id,
        state,
        disabled_reason: reason.map(str::to_owned),
        last_delivery_at: at,
    };
    db.note_health(&[health(WebhookState::Failing, None, Some(after(5)))])
        .unwrap();
    db.note_health(&[health(WebhookState::Disabled, Some("410"), None)])
        .unwrap();
    let webhook = db.webhook(id, NOW).unwrap();
    assert_eq!(webhook.state, WebhookState::Disabled);
    assert_eq!(
        (webhook.disabled_reason.as_deref(), webhook.last_delivery_at),
        (Some("410"), Some(after(5)))
    );
    let on = WebhookPatch {
        active: Some(true),
        ..WebhookPatch::default()
    };
    let webhook = db.update_webhook(id, &on, NOW).unwrap();
    assert_eq!(
        (webhook.state, webhook.disabled_reason),
        (WebhookState::Active, None)
    );
    assert_eq!(webhook.last_delivery_at, Some(after(5)));
}

#[test]
fn the_integration_is_on_until_it_is_switched_off() {
    let (dir, db) = open();
    assert!(db.integration_enabled().unwrap());
    db.set_integration_enabled(false).unwrap();
    drop(db);
    assert!(
        !ConfigDb::open(dir.path())
            .unwrap()
            .integration_enabled()
            .unwrap()
    );
}

fn binding(phone: PhoneId, key: &str, expires_at: Wall) -> StoredBinding {
    StoredBinding {
        phone,
        key: key.to_owned(),
        contact: format!("sip:{key}@192.0.2.1"),
        user_agent: "a \"phone\"\n".to_owned(),
        address: "192.0.2.1:5060".to_owned(),
        transport: "UDP".to_owned(),
        expires_at,
        data: format!("{{\"key\":\"{key}\"}}"),
    }
}

#[test]
fn bindings_are_kept_over_a_restart_until_they_expire() {
    let (dir, db) = open();
    let user = db.create_user(&new_user("100", Role::Admin), NOW).unwrap();
    let phone = db.create_phone(&new_phone(user.id), NOW).unwrap().0.id;
    let (short, long, gone) = (
        binding(phone, "a", after(60)),
        binding(phone, "b", after(3_600)),
        binding(phone, "c", after(60)),
    );
    let foreign = binding(PhoneId(99), "d", after(60));
    let put = |one: &StoredBinding| BindingChange::Put(one.clone());
    db.apply_bindings(&[
        put(&short),
        put(&gone),
        put(&foreign),
        put(&binding(phone, "b", after(5))),
        put(&long),
    ])
    .unwrap();
    db.apply_bindings(&[BindingChange::Gone {
        phone,
        key: "c".to_owned(),
    }])
    .unwrap();
    let shown = db.phone(phone, NOW).unwrap();
    let seen = |stored: &StoredBinding| Registration {
        contact: stored.contact.clone(),
        user_agent: stored.user_agent.clone(),
        address: stored.address.clone(),
        transport: stored.transport.clone(),
        expires_at: stored.expires_at,
    };
    assert_eq!(shown.registrations, [seen(&short), seen(&long)]);
    assert_eq!(db.user(user.id, NOW).unwrap().nb_registered, 2);
    assert_eq!(db.user(user.id, after(61)).unwrap().nb_registered, 1);
    let registered = select(
        &PHONES,
        r#"[{"property":"registered","operator":"eq","value":true}]"#,
    );
    assert_eq!(db.phones(&registered, NOW).unwrap().total, 1);
    assert_eq!(db.phones(&registered, after(3_600)).unwrap().total, 0);

    drop(db);
    let db = ConfigDb::open(dir.path()).unwrap();
    assert_eq!(db.load_bindings(NOW).unwrap(), [short, long.clone()]);
    assert_eq!(db.load_bindings(after(61)).unwrap(), [long]);
    db.delete_phones(&[phone]).unwrap();
    assert_eq!(db.load_bindings(NOW).unwrap(), []);
}

fn cdr(call: u64, user: u32, other: Option<u32>) -> CdrRecord {
    CdrRecord {
        live_id: CallId(call),
        root_live_id: CallId(call),
        parent_live_id: None,
        user_id: Some(UserId(user)),
        other_user_id: other.map(UserId),
        sip_endpoint_id: Some(1),
        started_at: NOW,
        clid: "\"Ana\" <100>".to_owned(),
        src: Party {
            number: "100".to_owned(),
            ..Party::default()
        },
        dst: Party {
            number: "101".to_owned(),
            ..Party::default()
        },
        duration: 18,
        billsec: 11,
        disposition: Disposition::Connected,
        destination: "in".to_owned(),
        context: "LOCAL_USER".to_owned(),
        t_cause: "Normal Clearing".to_owned(),
        info: String::new(),
        terminated_by: TerminatedBy::Callee,
        cause_q850: 16,
        cause_name: "NORMAL_CLEARING".to_owned(),
        cause_sip: 200,
        quality: None,
    }
}

#[test]
fn a_batch_of_cdrs_that_comes_twice_is_copied_once() {
    let (dir, db) = open();
    assert_eq!(db.projected().unwrap(), JournalPos(0));
    let (mut one, two, three) = (cdr(11, 1, None), cdr(12, 1, None), cdr(13, 1, None));
    one.quality = Some(Quality {
        src: Heard {
            packets: 600,
            lost: 2,
            jitter_us: 1_500,
            mos_x100: 435,
        },
        dst: Heard::default(),
    });
    let batch = [(JournalPos(4), &one), (JournalPos(9), &two)];
    db.project(&batch).unwrap();
    db.project(&batch).unwrap();
    assert_eq!(db.projected().unwrap(), JournalPos(9));
    db.project(&[(JournalPos(9), &two), (JournalPos(15), &three)])
        .unwrap();
    db.project_upto(&[], JournalPos(20)).unwrap();
    drop(db);
    let db = ConfigDb::open(dir.path()).unwrap();
    assert_eq!(db.projected().unwrap(), JournalPos(20));
    let all = db.cdrs(CdrScope::All, &select(&CDRS, "[]")).unwrap();
    assert_eq!(
        all.data.iter().map(|cdr| cdr.id).collect::<Vec<_>>(),
        [4, 9, 15]
    );
    let first = &all.data[0];
    assert_eq!(
        first.record,
        CdrRecord {
            started_at: Wall::from_unix_seconds(NOW.unix_seconds()),
            ..one
        }
    );
    assert_eq!(first.kind, "I");
}

#[test]
fn last_figures_amend_a_cdr_that_is_there_and_a_copy_of_it_from_the_journal_does_not_take_them_back()
 {
    let (_dir, db) = open();
    let heard = |packets| Quality {
        src: Heard {
            packets,
            ..Heard::default()
        },
        dst: Heard::default(),
    };
    let mut early = cdr(11, 1, None);
    early.quality = Some(heard(600));
    db.project(&[(JournalPos(4), &early)]).unwrap();
    let (there, to_come) = (early.live_id, CallId(9_999));
    let amended = db.amend_quality(&[(to_come, heard(7)), (there, heard(650))]);
    assert_eq!(amended.unwrap(), [there]);
    db.project(&[(JournalPos(4), &early)]).unwrap();
    let cdr = db.cdr_of_call(CdrScope::All, there).unwrap();
    assert_eq!(cdr.record.quality, Some(heard(650)));
    let of_root = db.cdrs_of_root(cdr.record.root_live_id).unwrap();
    assert_eq!(of_root, [cdr]);
}

#[test]
fn a_user_reads_the_cdrs_of_calls_it_made_or_took() {
    let (_dir, db) = open();
    let (mine, called, others) = (cdr(11, 1, None), cdr(12, 2, Some(1)), cdr(13, 2, Some(3)));
    db.project(&[
        (JournalPos(1), &mine),
        (JournalPos(2), &called),
        (JournalPos(3), &others),
    ])
    .unwrap();
    let scope = CdrScope::Of(UserId(1));
    let page = db
        .cdrs(
            scope,
            &select(
                &CDRS,
                r#"[{"property":"src","operator":"eq","value":"100"}]"#,
            ),
        )
        .unwrap();
    assert_eq!((page.total, page.data.len()), (2, 2));
    assert!(db.cdr(scope, 2).is_ok());
    assert!(matches!(db.cdr(scope, 3), Err(StoreError::NotFound)));
    assert!(matches!(
        db.cdr_of_call(scope, CallId(13)),
        Err(StoreError::NotFound)
    ));
    assert_eq!(db.cdr_of_call(scope, CallId(12)).unwrap().id, 2);
    assert!(matches!(
        db.cdr(CdrScope::All, u64::MAX),
        Err(StoreError::NotFound)
    ));
}

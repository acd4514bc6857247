-- Configuration, bindings, CDRs. Times are microseconds since 1970 unless the column says seconds.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE user (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    first_name    TEXT NOT NULL,
    last_name     TEXT NOT NULL,
    email         TEXT NOT NULL COLLATE NOCASE UNIQUE,
    ext           TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    active        INTEGER NOT NULL,
    dnd           INTEGER NOT NULL,
    record        TEXT NOT NULL,
    password_hash TEXT,
    created_at    INTEGER NOT NULL
);
-- Published client scripts insist on six or seven digits.
INSERT INTO sqlite_sequence (name, seq) VALUES ('user', 100000);

-- One set of SIP credentials. HA1 = H(username:realm:password) as hex; the password itself is never kept.
CREATE TABLE phone (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    username     TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    ha1_md5      TEXT NOT NULL,
    ha1_sha256   TEXT NOT NULL,
    created_at   INTEGER NOT NULL
);
CREATE INDEX phone_user ON phone (user_id);

-- Where a phone can be reached: `data` is the registrar's own JSON, opaque here.
CREATE TABLE binding (
    phone_id   INTEGER NOT NULL REFERENCES phone (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    contact    TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    data       TEXT NOT NULL,
    PRIMARY KEY (phone_id, key)
) WITHOUT ROWID;

CREATE TABLE webhook (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL,
    url              TEXT NOT NULL,
    events           TEXT NOT NULL,
    contexts         TEXT NOT NULL,
    active           INTEGER NOT NULL,
    state            TEXT NOT NULL,
    disabled_reason  TEXT,
    ordering         TEXT NOT NULL,
    timeout_ms       INTEGER NOT NULL,
    headers          TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    last_delivery_at INTEGER
);

-- Signing secrets, each sealed under the key file; a rotated one has an end.
CREATE TABLE webhook_secret (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    sealed     BLOB NOT NULL,
    expires_at INTEGER
);
CREATE INDEX webhook_secret_webhook ON webhook_secret (webhook_id);

-- Sessions (no name) and API tokens; the token itself is never kept, only its SHA-256.
CREATE TABLE token (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    hash         BLOB NOT NULL UNIQUE,
    name         TEXT,
    idle_seconds INTEGER,
    created_at   INTEGER NOT NULL,
    used_at      INTEGER NOT NULL,
    UNIQUE (user_id, name)
);

-- id = place of the last fact in the journal, so a rebuilt table has the same ids.
CREATE TABLE cdr (
    id              INTEGER PRIMARY KEY,
    live_id         INTEGER NOT NULL UNIQUE,
    parent_live_id  INTEGER,
    root_live_id    INTEGER NOT NULL,
    is_root         INTEGER NOT NULL,
    user_id         INTEGER,
    other_user_id   INTEGER,
    sip_endpoint_id INTEGER,
    type            TEXT NOT NULL,
    calldate        INTEGER NOT NULL, -- Unix seconds
    clid            TEXT NOT NULL,
    src             TEXT NOT NULL,
    src_id          TEXT NOT NULL,
    src_name        TEXT NOT NULL,
    src_ua          TEXT NOT NULL,
    src_codec       TEXT NOT NULL,
    dst             TEXT NOT NULL,
    dst_id          TEXT NOT NULL,
    dst_name        TEXT NOT NULL,
    dst_ua          TEXT NOT NULL,
    dst_codec       TEXT NOT NULL,
    duration        INTEGER NOT NULL,
    billsec         INTEGER NOT NULL,
    disposition     TEXT NOT NULL,
    destination     TEXT NOT NULL,
    context         TEXT NOT NULL,
    t_cause         TEXT NOT NULL,
    info            TEXT NOT NULL,
    terminated_by   TEXT NOT NULL,
    cause_q850      INTEGER NOT NULL,
    cause_name      TEXT NOT NULL,
    cause_sip       INTEGER NOT NULL
);
CREATE INDEX cdr_calldate ON cdr (calldate);
CREATE INDEX cdr_root ON cdr (root_live_id);
CREATE INDEX cdr_user ON cdr (user_id);
CREATE INDEX cdr_other_user ON cdr (other_user_id);

-- How far the journal is copied into `cdr`; changed only in the transaction that copies.
CREATE TABLE projection (
    name TEXT PRIMARY KEY,
    pos  INTEGER NOT NULL
) WITHOUT ROWID;

-- Trunks, numbers, ring groups and queues. AUTOINCREMENT: a CDR names them by id, so an id is never used again.

CREATE TABLE trunk (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL,
    host        TEXT NOT NULL,
    port        INTEGER NOT NULL,
    from_domain TEXT NOT NULL,
    prefix      TEXT NOT NULL,
    strip       INTEGER NOT NULL,
    caller_id   TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    max_calls   INTEGER NOT NULL, -- 0: any number
    active      INTEGER NOT NULL
);

CREATE TABLE ring_group (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT NOT NULL,
    number    TEXT NOT NULL UNIQUE,
    strategy  TEXT NOT NULL,
    ring_time INTEGER NOT NULL -- seconds, as every time below
);

CREATE TABLE ring_group_member (
    ring_group_id INTEGER NOT NULL REFERENCES ring_group (id) ON DELETE CASCADE,
    user_id       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    PRIMARY KEY (ring_group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX ring_group_member_user ON ring_group_member (user_id);

CREATE TABLE queue (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL,
    number        TEXT NOT NULL UNIQUE,
    ring_strategy TEXT NOT NULL,
    ring_time     INTEGER NOT NULL,
    max_wait      INTEGER NOT NULL, -- 0: for ever
    max_length    INTEGER NOT NULL, -- 0: any number
    wrap_up_time  INTEGER NOT NULL,
    announce      INTEGER NOT NULL, -- 0: never
    skip_busy     INTEGER NOT NULL
);

CREATE TABLE queue_agent (
    queue_id INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    status   INTEGER NOT NULL, -- 1: logged in
    PRIMARY KEY (queue_id, user_id)
) WITHOUT ROWID;
CREATE INDEX queue_agent_user ON queue_agent (user_id);

-- No ON DELETE: whatever a number leads to cannot be removed before the number leads elsewhere.
CREATE TABLE ddi (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    e164          TEXT NOT NULL UNIQUE,
    trunk_id      INTEGER REFERENCES trunk (id), -- NULL: any
    user_id       INTEGER REFERENCES user (id),
    queue_id      INTEGER REFERENCES queue (id),
    ring_group_id INTEGER REFERENCES ring_group (id),
    CHECK ((user_id IS NOT NULL) + (queue_id IS NOT NULL) + (ring_group_id IS NOT NULL) = 1)
);
CREATE INDEX ddi_trunk ON ddi (trunk_id);
CREATE INDEX ddi_user ON ddi (user_id);
CREATE INDEX ddi_queue ON ddi (queue_id);
CREATE INDEX ddi_ring_group ON ddi (ring_group_id);

-- Everything that can be dialled inside.
CREATE VIEW extension AS
    SELECT ext AS number, 'user' AS kind, id, trim(first_name || ' ' || last_name) AS name FROM user
    UNION ALL SELECT number, 'ring group', id, name FROM ring_group
    UNION ALL SELECT number, 'queue', id, name FROM queue;

-- A queue's figures of today.
CREATE INDEX cdr_queue ON cdr (dst_id, calldate) WHERE context = 'QUEUE';

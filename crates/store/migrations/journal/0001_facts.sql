CREATE TABLE fact (
    pos      INTEGER PRIMARY KEY,
    event_id TEXT    NOT NULL,
    root     INTEGER NOT NULL,
    call     INTEGER NOT NULL,
    seq      INTEGER,
    name     TEXT    NOT NULL,
    context  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    is_final INTEGER NOT NULL,
    routed   BLOB,
    body     BLOB    NOT NULL,
    cdr      BLOB
) STRICT;
CREATE INDEX fact_root ON fact (root);
-- A plain call is its own root, and found by fact_root.
CREATE INDEX fact_call ON fact (call) WHERE call <> root;

-- Calls whose first event is committed and whose last one is not.
CREATE TABLE open_call (
    call     INTEGER PRIMARY KEY,
    root     INTEGER NOT NULL,
    snapshot BLOB    NOT NULL
) STRICT;

-- Unfinished deliveries only: the row of a finished one is deleted. No index but the key: each one more
-- is a page more in every commit, and the table is short but in an outage.
CREATE TABLE delivery (
    id       INTEGER PRIMARY KEY,
    webhook  INTEGER NOT NULL,
    pos      INTEGER NOT NULL,
    root     INTEGER NOT NULL,
    prev_seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    replayed INTEGER NOT NULL
) STRICT;

-- Numbers below these may have been given out. Raised in blocks, so that few commits touch this page.
CREATE TABLE meta (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    next_call_id  INTEGER NOT NULL,
    next_delivery INTEGER NOT NULL,
    next_pos      INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 1, 1, 1);

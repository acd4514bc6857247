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
-- Not UNIQUE: two events with one id would be a bug, stopping the process for it a worse one.
CREATE INDEX fact_event ON fact (event_id);
CREATE INDEX fact_root ON fact (root);
-- A plain call is its own root, and found by fact_root.
CREATE INDEX fact_call ON fact (call) WHERE call <> root;

-- Calls whose first event is committed and whose last one is not.
CREATE TABLE open_call (
    call     INTEGER PRIMARY KEY,
    root     INTEGER NOT NULL,
    snapshot BLOB    NOT NULL
) STRICT;

-- Unfinished deliveries only: the row of a finished one is deleted.
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
CREATE INDEX delivery_webhook ON delivery (webhook);

CREATE TABLE meta (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    next_call_id  INTEGER NOT NULL,
    next_delivery INTEGER NOT NULL,
    next_pos      INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 1, 1, 1);

-- Deliveries that finished on this day.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    webhook     INTEGER NOT NULL,
    event_id    TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    root        INTEGER NOT NULL,
    call        INTEGER NOT NULL,
    seq         INTEGER,
    context     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    is_final    INTEGER NOT NULL,
    prev_seq    INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    reason      TEXT,
    replayed    INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;
CREATE INDEX delivery_event ON delivery (event_id);
CREATE INDEX delivery_root ON delivery (root);
CREATE INDEX delivery_webhook ON delivery (webhook, state);

-- Attempts made on this day, their delivery finished or not.
CREATE TABLE attempt (
    delivery         INTEGER NOT NULL,
    n                INTEGER NOT NULL,
    at               INTEGER NOT NULL,
    ms               INTEGER NOT NULL,
    status           INTEGER,
    error            TEXT,
    request_headers  TEXT    NOT NULL,
    response_headers TEXT    NOT NULL,
    response_body    BLOB    NOT NULL
) STRICT;
CREATE INDEX attempt_delivery ON attempt (delivery);

-- One row a call, and one a minute for long calls.
CREATE TABLE capture (
    id       INTEGER PRIMARY KEY,
    root     INTEGER NOT NULL,
    call     INTEGER NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    packed   BLOB    NOT NULL
) STRICT;
CREATE INDEX capture_root ON capture (root);
-- A plain call is its own root, and found by capture_root.
CREATE INDEX capture_call ON capture (call) WHERE call <> root;

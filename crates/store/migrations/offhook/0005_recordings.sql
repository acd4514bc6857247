-- Recordings of calls, and messages that were left, copied from the journal. Their files lie beside, found by id and started_at.
CREATE TABLE recording (
    id           INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    live_id      INTEGER NOT NULL,
    root_live_id INTEGER NOT NULL,
    user_id      INTEGER,
    context      TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    caller       TEXT    NOT NULL,
    called       TEXT    NOT NULL,
    duration_ms  INTEGER NOT NULL,
    channels     INTEGER NOT NULL,
    sample_rate  INTEGER NOT NULL,
    size_wav     INTEGER NOT NULL,
    size_mp3     INTEGER NOT NULL,
    cut          INTEGER NOT NULL,
    is_new       INTEGER NOT NULL -- a message nobody has marked as heard
);
CREATE INDEX recording_started ON recording (started_at);
CREATE INDEX recording_call ON recording (live_id);
CREATE INDEX recording_user ON recording (user_id) WHERE user_id IS NOT NULL;

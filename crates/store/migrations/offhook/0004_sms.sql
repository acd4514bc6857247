-- Text messages. id = number of the text; those towards us come from the journal, those towards a trunk are first kept here.
CREATE TABLE sms (
    id         INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    src        TEXT NOT NULL,
    dst        TEXT NOT NULL,
    from_user  INTEGER,
    to_user    INTEGER,
    type       TEXT NOT NULL,
    message    TEXT NOT NULL,
    status     TEXT NOT NULL
);
CREATE INDEX sms_created ON sms (created_at);
CREATE INDEX sms_from_user ON sms (from_user) WHERE from_user IS NOT NULL;
CREATE INDEX sms_to_user ON sms (to_user) WHERE to_user IS NOT NULL;
-- What a start tries again.
CREATE INDEX sms_unfinished ON sms (id) WHERE status IN ('received', 'queued');

-- The library of sounds. AUTOINCREMENT: a sound's file is named by its id, so an id is never used again.
CREATE TABLE sound (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    duration_ms INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
);
ALTER TABLE queue ADD COLUMN music INTEGER REFERENCES sound (id);
ALTER TABLE queue ADD COLUMN announcement INTEGER REFERENCES sound (id);
CREATE INDEX queue_music ON queue (music) WHERE music IS NOT NULL;
CREATE INDEX queue_announcement ON queue (announcement) WHERE announcement IS NOT NULL;

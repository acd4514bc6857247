-- What a phone says it is and where it registered from, for whoever asks why it does not ring.
ALTER TABLE binding ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE binding ADD COLUMN address    TEXT NOT NULL DEFAULT '';
ALTER TABLE binding ADD COLUMN transport  TEXT NOT NULL DEFAULT '';

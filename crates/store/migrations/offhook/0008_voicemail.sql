-- Whether callers may leave a message when the user does not answer, and after how many seconds of ringing.
ALTER TABLE user ADD COLUMN voicemail       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user ADD COLUMN voicemail_after INTEGER NOT NULL DEFAULT 20;

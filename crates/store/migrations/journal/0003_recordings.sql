-- Present with monitor.audio_ready, and with the end of a message that was left: the recording's entry.
ALTER TABLE fact ADD COLUMN recording BLOB;

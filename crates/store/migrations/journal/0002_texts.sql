-- Present with sms.received: the durable text.
ALTER TABLE fact ADD COLUMN sms BLOB;

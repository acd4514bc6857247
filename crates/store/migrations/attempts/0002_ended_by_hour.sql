-- Covers the chart of each webhook's last hours; it finds what the index before it found.
DROP INDEX delivery_webhook;
CREATE INDEX delivery_webhook ON delivery (webhook, state, finished_at);

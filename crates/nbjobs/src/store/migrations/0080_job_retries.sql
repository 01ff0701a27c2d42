-- When the next attempt of a job may begin, of one that waits for it; why those before it failed, and when each began.
ALTER TABLE jobs ADD COLUMN retry_at BIGINT CHECK (retry_at IS NULL OR status = 'Queued');
CREATE INDEX jobs_by_retry ON jobs (retry_at) WHERE retry_at IS NOT NULL;
ALTER TABLE attempts ADD COLUMN started_at BIGINT;
ALTER TABLE attempts ADD COLUMN failure_reason TEXT;

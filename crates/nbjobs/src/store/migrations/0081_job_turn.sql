-- Which execution a job was made for, and its turn in the queue: by priority, and so many jobs of its pipeline at a time.
ALTER TABLE jobs ADD COLUMN pipeline TEXT;
ALTER TABLE jobs ADD COLUMN execution TEXT;
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN concurrent_max BIGINT CHECK (concurrent_max > 0);
UPDATE jobs SET execution = (SELECT execution FROM steps WHERE job = jobs.name AND source IS NULL);
UPDATE jobs SET pipeline = (SELECT pipeline FROM executions WHERE id = jobs.execution) WHERE execution IS NOT NULL;
CREATE INDEX jobs_by_execution ON jobs (execution) WHERE execution IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (priority DESC, created_at, name) WHERE status = 'Queued' AND concurrent_max IS NULL;
CREATE INDEX jobs_queued_limited ON jobs (pipeline, priority DESC, created_at, name)
    WHERE status = 'Queued' AND concurrent_max IS NOT NULL;
CREATE INDEX jobs_unfinished_by_pipeline ON jobs (pipeline, status) WHERE status IN ('Queued', 'InProgress', 'Stopping');

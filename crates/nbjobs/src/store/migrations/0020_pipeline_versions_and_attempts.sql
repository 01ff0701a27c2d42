-- Versions of pipelines, and steps that are tried again, decide, or are taken over from an earlier execution.

ALTER TABLE pipelines ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

CREATE TABLE pipeline_versions (
    pipeline TEXT NOT NULL REFERENCES pipelines (name) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pipeline, version)
);
INSERT INTO pipeline_versions (pipeline, version, definition, created_at)
SELECT name, 1, definition, modified_at FROM pipelines;

ALTER TABLE executions ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- What a selective execution runs, as JSON.
ALTER TABLE executions ADD COLUMN selection TEXT;
-- The ClientRequestToken of the last retry.
ALTER TABLE executions ADD COLUMN retry_token TEXT;

CREATE TABLE steps_next (
    execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Starting', 'Executing', 'Stopping', 'Stopped', 'Failed', 'Succeeded')),
    -- The job of the last attempt.
    job TEXT REFERENCES jobs (name),
    attempts BIGINT NOT NULL DEFAULT 1,
    retry_at BIGINT,
    -- What a Condition step has found: 0 or 1.
    outcome BIGINT,
    -- The execution that the result was taken over from.
    source TEXT,
    failure_reason TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (execution, number),
    UNIQUE (execution, name),
    CHECK ((ended_at IS NOT NULL) = (status IN ('Stopped', 'Failed', 'Succeeded'))),
    CHECK ((failure_reason IS NOT NULL) = (status = 'Failed')),
    CHECK ((retry_at IS NOT NULL) = (status = 'Starting')),
    CHECK (job IS NOT NULL OR status NOT IN ('Executing', 'Stopping'))
);
INSERT INTO steps_next (execution, number, name, status, job, failure_reason, started_at, ended_at)
SELECT execution, number, name, status, job, failure_reason, started_at, ended_at FROM steps;
DROP TABLE steps;
ALTER TABLE steps_next RENAME TO steps;
-- A job is of one step; others may have taken its result over.
CREATE UNIQUE INDEX steps_by_job ON steps (job) WHERE source IS NULL;
CREATE INDEX steps_by_retry ON steps (retry_at) WHERE retry_at IS NOT NULL;

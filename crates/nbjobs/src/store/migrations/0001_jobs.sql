-- Portable columns only: TEXT, BIGINT (instants are microseconds since 1970, booleans 0 or 1), JSON as TEXT.

CREATE TABLE access_keys (
    access_key_id TEXT PRIMARY KEY,
    secret_access_key TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('Queued', 'InProgress', 'Stopping', 'Completed', 'Failed', 'Stopped')),
    secondary_status TEXT NOT NULL,
    transitions TEXT NOT NULL,
    spec TEXT NOT NULL,
    failure_reason TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    modified_at BIGINT NOT NULL,
    CHECK ((ended_at IS NOT NULL) = (status IN ('Completed', 'Failed', 'Stopped'))),
    CHECK (status <> 'Failed' OR failure_reason IS NOT NULL)
);
CREATE INDEX jobs_by_creation ON jobs (created_at, name);
CREATE INDEX jobs_unfinished ON jobs (status, created_at) WHERE status IN ('Queued', 'InProgress', 'Stopping');

-- One try of a job on a backend. Finishing needs the lease, so a stale worker cannot write.
CREATE TABLE attempts (
    job TEXT NOT NULL REFERENCES jobs (name),
    number BIGINT NOT NULL,
    lease TEXT NOT NULL,
    handle TEXT,
    log_bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (job, number)
);

-- `resource` is a kind and a name, such as `training-job/NAME`.
CREATE TABLE tags (
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
);

CREATE TABLE log_streams (
    log_group TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    first_event_at BIGINT,
    last_event_at BIGINT,
    last_ingested_at BIGINT,
    PRIMARY KEY (log_group, name)
);

CREATE TABLE log_events (
    id INTEGER PRIMARY KEY,
    log_group TEXT NOT NULL,
    stream TEXT NOT NULL,
    at BIGINT NOT NULL,
    ingested_at BIGINT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX log_events_by_stream ON log_events (log_group, stream, id);
CREATE INDEX log_events_by_time ON log_events (log_group, at, id);

CREATE TABLE pipelines (
    name TEXT PRIMARY KEY,
    display_name TEXT,
    description TEXT,
    definition TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    parallel_max BIGINT,
    -- The ClientRequestToken that created it: the same request again is the same pipeline.
    token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    last_run_at BIGINT
);
CREATE INDEX pipelines_by_creation ON pipelines (created_at, name);

CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL REFERENCES pipelines (name) ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('Executing', 'Stopping', 'Stopped', 'Failed', 'Succeeded')),
    display_name TEXT,
    description TEXT,
    definition TEXT NOT NULL,
    parameters TEXT NOT NULL,
    parallel_max BIGINT,
    failure_reason TEXT,
    -- The ClientRequestToken of the start, and the request that came with it.
    token TEXT,
    request TEXT,
    -- The firing that started it.
    rule TEXT,
    due BIGINT,
    started_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    UNIQUE (pipeline, token),
    CHECK ((failure_reason IS NOT NULL) = (status = 'Failed')),
    CHECK ((token IS NULL) = (request IS NULL)),
    CHECK ((rule IS NULL) = (due IS NULL))
);
CREATE INDEX executions_by_start ON executions (pipeline, started_at, id);
CREATE INDEX executions_unfinished ON executions (pipeline) WHERE status IN ('Executing', 'Stopping');

-- Steps that have begun, in the order in which they did.
CREATE TABLE steps (
    execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Executing', 'Stopping', 'Stopped', 'Failed', 'Succeeded')),
    job TEXT UNIQUE REFERENCES jobs (name),
    failure_reason TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (execution, number),
    UNIQUE (execution, name),
    CHECK ((ended_at IS NOT NULL) = (status IN ('Stopped', 'Failed', 'Succeeded'))),
    CHECK ((failure_reason IS NOT NULL) = (status = 'Failed')),
    CHECK (job IS NOT NULL OR status = 'Failed')
);

CREATE TABLE rules (
    name TEXT PRIMARY KEY,
    schedule_expression TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),
    description TEXT,
    role_arn TEXT,
    next_due BIGINT,
    CHECK (next_due IS NULL OR state = 'ENABLED')
);
CREATE INDEX rules_by_next_due ON rules (next_due) WHERE next_due IS NOT NULL;

CREATE TABLE targets (
    rule TEXT NOT NULL REFERENCES rules (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    arn TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (rule, id)
);
CREATE INDEX targets_by_arn ON targets (arn, rule);

-- The ledger: every due moment of every rule, whatever became of it. Its key is why none fires twice.
CREATE TABLE firings (
    rule TEXT NOT NULL REFERENCES rules (name) ON DELETE CASCADE,
    due BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Started', 'Late', 'Missed', 'Failed')),
    decided_at BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY (rule, due),
    CHECK (reason IS NOT NULL OR status IN ('Started', 'Late'))
);

-- EventBridge Scheduler's schedules, and one ledger for the due moments of rules and schedules.

CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    schedule_expression TEXT NOT NULL,
    timezone TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),
    description TEXT,
    starts_at BIGINT,
    ends_at BIGINT,
    -- How wide the flexible time window is; none when it is off.
    window_minutes BIGINT,
    target TEXT NOT NULL,
    action_after_completion TEXT NOT NULL CHECK (action_after_completion IN ('NONE', 'DELETE')),
    -- The ClientToken that created it: the same request again is the same schedule.
    token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    next_due BIGINT,
    -- When the next due moment fires: itself, or a moment in the window behind it.
    fires_at BIGINT,
    CHECK (next_due IS NULL OR state = 'ENABLED'),
    CHECK ((next_due IS NULL) = (fires_at IS NULL))
);
CREATE INDEX schedules_by_fires_at ON schedules (fires_at) WHERE fires_at IS NOT NULL;

-- The ledger: every due moment of every rule and schedule, whatever became of it. Its key is why none fires twice.
-- `source` is a kind and a name, such as `rule/NAME`.
CREATE TABLE ledger (
    source TEXT NOT NULL,
    due BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Started', 'Late', 'Missed', 'Failed')),
    decided_at BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY (source, due),
    CHECK (reason IS NOT NULL OR status IN ('Started', 'Late'))
);
INSERT INTO ledger (source, due, status, decided_at, reason)
SELECT 'rule/' || rule, due, status, decided_at, reason FROM firings;
DROP TABLE firings;
ALTER TABLE ledger RENAME TO firings;

ALTER TABLE executions RENAME COLUMN rule TO fired_by;
UPDATE executions SET fired_by = 'rule/' || fired_by WHERE fired_by IS NOT NULL;

-- Rules that fire some time after they are due (start jitter), and a ledger that knows what policies decide.

ALTER TABLE rules ADD COLUMN fires_at BIGINT;
-- When it was last enabled: failures before do not count towards pausing it.
ALTER TABLE rules ADD COLUMN enabled_at BIGINT;
UPDATE rules SET fires_at = next_due;
DROP INDEX rules_by_next_due;
CREATE INDEX rules_by_fires_at ON rules (fires_at) WHERE fires_at IS NOT NULL;

CREATE TABLE ledger (
    source TEXT NOT NULL,
    due BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Started', 'Late', 'Queued', 'Skipped', 'Replaced', 'Missed', 'Failed')),
    decided_at BIGINT NOT NULL,
    reason TEXT,
    -- The ARNs of what was started, as JSON.
    started TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (source, due),
    CHECK (reason IS NOT NULL OR status IN ('Started', 'Late'))
);
INSERT INTO ledger (source, due, status, decided_at, reason)
SELECT source, due, status, decided_at, reason FROM firings;
DROP TABLE firings;
ALTER TABLE ledger RENAME TO firings;
CREATE INDEX firings_queued ON firings (source, due) WHERE status = 'Queued';
CREATE INDEX executions_by_firing ON executions (fired_by, due) WHERE fired_by IS NOT NULL;

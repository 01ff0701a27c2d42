-- Event patterns; what happened and who is told of it; webhooks.

-- A rule without a schedule has an empty schedule_expression.
ALTER TABLE rules ADD COLUMN event_pattern TEXT;
CREATE INDEX rules_by_pattern ON rules (name) WHERE event_pattern IS NOT NULL AND state = 'ENABLED';

-- The outbox: written in the transaction that made it happen. When its deliveries have been made, `change` is NULL and
-- `envelope` is there; an event that no rule is for goes.
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    change TEXT,
    envelope TEXT,
    accepted_at BIGINT NOT NULL,
    CHECK ((change IS NULL) <> (envelope IS NULL))
);
CREATE INDEX events_unmatched ON events (number) WHERE change IS NOT NULL;
CREATE INDEX events_by_age ON events (accepted_at);

-- What became of an event at one target of one rule. `document` is the target as it was.
CREATE TABLE deliveries (
    event TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    target TEXT NOT NULL,
    document TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Pending', 'Delivered', 'DeadLettered')),
    attempts BIGINT NOT NULL DEFAULT 0,
    due BIGINT,
    decided_at BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY (event, rule, target),
    CHECK ((due IS NOT NULL) = (status = 'Pending')),
    CHECK (reason IS NOT NULL OR status <> 'DeadLettered')
);
CREATE INDEX deliveries_by_due ON deliveries (due) WHERE due IS NOT NULL;

-- `authorization` is JSON and holds the secrets.
CREATE TABLE connections (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    description TEXT,
    authorization TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);

CREATE TABLE api_destinations (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    description TEXT,
    connection_arn TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    method TEXT NOT NULL,
    rate_max BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);

-- Log groups that somebody made; those of the service itself are not here.
CREATE TABLE log_groups (
    name TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

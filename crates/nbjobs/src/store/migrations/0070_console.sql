-- The console: who is signed in, the one-time links that were used, the key that signs both; and jobs by status and time.

CREATE TABLE signing_keys (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    access_key_id TEXT NOT NULL REFERENCES access_keys (access_key_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- A link is good once. What has expired needs no row.
CREATE TABLE used_links (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX jobs_by_status_and_creation ON jobs (status, created_at, name);

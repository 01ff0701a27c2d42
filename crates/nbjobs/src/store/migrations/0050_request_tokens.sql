-- The ClientRequestTokens of requests that leave nothing behind which could tell that they were done: stops, retries,
-- deletions. The same request again is answered as before.

CREATE TABLE request_tokens (
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    -- What was asked for.
    request TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (operation, token)
);
CREATE INDEX request_tokens_by_time ON request_tokens (at);

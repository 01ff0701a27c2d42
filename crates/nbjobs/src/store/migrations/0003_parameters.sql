-- Every version of a parameter that is kept; the largest is the present one.
CREATE TABLE parameters (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('String', 'StringList', 'SecureString')),
    value TEXT NOT NULL,
    description TEXT,
    allowed_pattern TEXT,
    tier TEXT NOT NULL CHECK (tier IN ('Standard', 'Advanced')),
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

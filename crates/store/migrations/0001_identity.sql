-- Who may log in, and what they may do where. Times are seconds since 1970 UTC.
CREATE TABLE domains (
    id   TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) WITHOUT ROWID;
-- Clients send both "Default" and "default".
CREATE UNIQUE INDEX domains_name ON domains (lower(name));
INSERT INTO domains (id, name) VALUES ('default', 'Default');

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    domain_id     TEXT    NOT NULL REFERENCES domains (id),
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,        -- a PHC string: $argon2id$...
    enabled       INTEGER NOT NULL,        -- 0, 1
    created_at    INTEGER NOT NULL,
    UNIQUE (domain_id, name)
) WITHOUT ROWID;

CREATE TABLE projects (
    id          TEXT    NOT NULL PRIMARY KEY,
    domain_id   TEXT    NOT NULL REFERENCES domains (id),
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    enabled     INTEGER NOT NULL,          -- 0, 1
    UNIQUE (domain_id, name)
) WITHOUT ROWID;

CREATE TABLE role_assignments (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,              -- reader, member, admin
    PRIMARY KEY (user_id, project_id, role)
) WITHOUT ROWID;
CREATE INDEX role_assignments_project_id ON role_assignments (project_id);

CREATE TABLE auth_tokens (
    token_hash BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the token
    user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id TEXT    REFERENCES projects (id) ON DELETE CASCADE, -- NULL: unscoped
    methods    TEXT    NOT NULL,           -- how its owner proved who they are: password, token, or both with a comma
    audit_id   TEXT    NOT NULL,           -- names the token where the token itself may not appear
    parent_audit_id TEXT,                  -- the first token of the chain, where this one came of another
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX auth_tokens_user_id ON auth_tokens (user_id, issued_at);
CREATE INDEX auth_tokens_project_id ON auth_tokens (project_id);
CREATE INDEX auth_tokens_expires_at ON auth_tokens (expires_at);

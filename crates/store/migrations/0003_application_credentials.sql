-- Credentials that a user makes for a program: good in one project, with some of the user's roles there.
CREATE TABLE application_credentials (
    id            TEXT    NOT NULL PRIMARY KEY,
    user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id    TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    description   TEXT,
    secret_digest BLOB,                    -- SHA-256 of a secret of 256 random bits
    secret_hash   TEXT,                    -- or the PHC string of one that its user chose
    role          TEXT    NOT NULL,        -- the greatest: reader, member, admin; it implies the lesser ones
    unrestricted  INTEGER NOT NULL,        -- 0, 1: whether it may make others
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER,                 -- NULL: never
    UNIQUE (user_id, name),
    CHECK ((secret_digest IS NULL) <> (secret_hash IS NULL))
) WITHOUT ROWID;
CREATE INDEX application_credentials_project_id ON application_credentials (project_id);

-- A token that was got with one goes with it.
ALTER TABLE auth_tokens ADD COLUMN application_credential_id TEXT
    REFERENCES application_credentials (id) ON DELETE CASCADE;
CREATE INDEX auth_tokens_application_credential_id ON auth_tokens (application_credential_id);

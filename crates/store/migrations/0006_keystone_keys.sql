-- Access keys where users are a Keystone's: each stands for an application credential there. Times are
-- seconds since 1970 UTC.
CREATE TABLE keystone_keys (
    id                  TEXT    NOT NULL PRIMARY KEY, -- the public half (AK)
    sealed              BLOB    NOT NULL,             -- the secret half (SK), encrypted with a key that is not in the database
    credential_id       TEXT    NOT NULL,             -- the application credential
    credential_sealed   BLOB    NOT NULL,             -- its secret, encrypted likewise
    -- Whose it is and where it is good, as Keystone said when the key was made: for lists only.
    user_id             TEXT    NOT NULL,
    user_name           TEXT    NOT NULL,
    user_domain_id      TEXT    NOT NULL,
    user_domain_name    TEXT    NOT NULL,
    project_id          TEXT    NOT NULL,
    project_name        TEXT    NOT NULL,
    project_domain_id   TEXT    NOT NULL,
    project_domain_name TEXT    NOT NULL,
    enabled             INTEGER NOT NULL,             -- 0, 1
    created_at          INTEGER NOT NULL
) WITHOUT ROWID;

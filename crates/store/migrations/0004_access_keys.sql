-- Keys that programs sign their requests with. Times are seconds since 1970 UTC.
CREATE TABLE access_keys (
    id          TEXT    NOT NULL PRIMARY KEY, -- the public half (AK)
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id  TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    sealed      BLOB    NOT NULL,             -- the secret half (SK), encrypted with a key that is not in the database
    enabled     INTEGER NOT NULL,             -- 0, 1
    created_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX access_keys_user_id ON access_keys (user_id);
CREATE INDEX access_keys_project_id ON access_keys (project_id);

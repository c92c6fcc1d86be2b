-- What console tokens stand for. Times are seconds since 1970 UTC.
CREATE TABLE grants (
    token_hash  BLOB    PRIMARY KEY,       -- SHA-256 of the token's dashed lower-case text
    user_id     TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    server_id   TEXT    NOT NULL,
    console     TEXT    NOT NULL,          -- the type: novnc, serial, spice-html5
    uses        TEXT    NOT NULL,          -- one, many
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    redeemed_at INTEGER,                   -- when a token for one opening was used
    resume_hash BLOB,                      -- SHA-256 of the secret of the browser that used it
    resume_until INTEGER                   -- until when that browser may come back
) WITHOUT ROWID;
CREATE INDEX grants_expires_at ON grants (expires_at);
CREATE INDEX grants_server_id ON grants (server_id);

-- The audit trail of live and past connections.
CREATE TABLE sessions (
    id          TEXT    PRIMARY KEY,
    grant_hash  BLOB    NOT NULL,
    user_id     TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    server_id   TEXT    NOT NULL,
    console     TEXT    NOT NULL,
    client      TEXT    NOT NULL,          -- address of the browser, as the listener saw it
    gateway     TEXT    NOT NULL,          -- name of the gateway that carries it
    began_at    INTEGER NOT NULL,
    ended_at    INTEGER,
    end_reason  TEXT,
    bytes_down  INTEGER NOT NULL DEFAULT 0, -- from the back end to the browser
    bytes_up    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX sessions_live ON sessions (gateway) WHERE ended_at IS NULL;
CREATE INDEX sessions_server_id ON sessions (server_id);

-- Grants in the order of their making. Sorted by a random hash, each new row went to a page of its own, which the
-- log then had to take whole: three times the bytes of this form. The hash's index alone is small.
CREATE TABLE grants_in_order (
    token_hash  BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the token's dashed lower-case text
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
);
INSERT INTO grants_in_order
SELECT token_hash, user_id, project_id, server_id, console, uses, created_at, expires_at,
       redeemed_at, resume_hash, resume_until
FROM grants ORDER BY created_at;
DROP TABLE grants;
ALTER TABLE grants_in_order RENAME TO grants;
CREATE INDEX grants_expires_at ON grants (expires_at);
CREATE INDEX grants_server_id ON grants (server_id);

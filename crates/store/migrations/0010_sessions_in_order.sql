-- Sessions in the order of their beginning, as grants are and for the same reason: sorted by a random id, the beginning
-- and the end of each changed pages of its own.
CREATE TABLE sessions_in_order (
    id          TEXT    NOT NULL PRIMARY KEY,
    grant_hash  BLOB    NOT NULL,
    user_id     TEXT    NOT NULL,
    project_id  TEXT    NOT NULL,
    server_id   TEXT    NOT NULL,
    console     TEXT    NOT NULL,
    role        TEXT    NOT NULL,          -- owner, peer, observer
    client      TEXT    NOT NULL,          -- address of the browser, as the listener saw it
    gateway     TEXT    NOT NULL,          -- name of the gateway that carries it
    began_at    INTEGER NOT NULL,
    ended_at    INTEGER,
    end_reason  TEXT,
    bytes_down  INTEGER NOT NULL DEFAULT 0, -- from the back end to the browser
    bytes_up    INTEGER NOT NULL DEFAULT 0
);
INSERT INTO sessions_in_order
SELECT id, grant_hash, user_id, project_id, server_id, console, role, client, gateway, began_at, ended_at, end_reason,
       bytes_down, bytes_up
FROM sessions ORDER BY began_at;
DROP TABLE sessions;
ALTER TABLE sessions_in_order RENAME TO sessions;
CREATE INDEX sessions_live ON sessions (gateway) WHERE ended_at IS NULL;
CREATE INDEX sessions_server_id ON sessions (server_id);

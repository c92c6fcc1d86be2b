-- What a viewer is to a console, and what the others there may call them.
ALTER TABLE grants ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';   -- owner, peer, observer
ALTER TABLE grants ADD COLUMN user_name TEXT;                       -- NULL: the user is of another project
ALTER TABLE sessions ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';

-- Gateways that are to carry nothing new. Each looks at its own row, and takes it away when it starts.
CREATE TABLE draining_gateways (
    name     TEXT    NOT NULL PRIMARY KEY,
    asked_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The server's consoles that the page of a link may open beside the link's own: types with commas between.
ALTER TABLE grants ADD COLUMN further TEXT NOT NULL DEFAULT '';

-- What is written, and deleted at once, to see whether there is room for rows.
CREATE TABLE probe (bytes TEXT NOT NULL);

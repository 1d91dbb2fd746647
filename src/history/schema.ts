/**
 * The tables, as a list of steps: each makes the next version out of the one before. A step that has been released is
 * never changed again; a change is a new step.
 */

export const MIGRATIONS: readonly string[] = [
  `
-- Rooms, by their folded names, and conversations of two, as the chat calls them: those have a space in it.
CREATE TABLE target (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  since INTEGER NOT NULL DEFAULT 0, -- when the room was made; this and all times are in milliseconds since 1970
  topic TEXT,
  topic_by TEXT,
  topic_at INTEGER,
  switches TEXT NOT NULL DEFAULT '', -- the letters of the modes that are on
  password TEXT,
  "limit" INTEGER,
  indexed INTEGER NOT NULL DEFAULT 0 -- up to which message words can be found
) STRICT;

-- The lists of masks of a room: bans, exceptions, invitations.
CREATE TABLE mask (
  target INTEGER NOT NULL,
  list TEXT NOT NULL,
  mask TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (target, list, mask)
) STRICT, WITHOUT ROWID;

-- What was said. Together by target, as it is read. What two people say to each other is there once for each of them.
CREATE TABLE message (
  target INTEGER NOT NULL,
  id INTEGER NOT NULL,
  time INTEGER NOT NULL,
  style INTEGER NOT NULL, -- 0 said, 1 done, 2 a notice
  origin TEXT NOT NULL, -- nick!user@host
  recipient TEXT, -- whom it was said to, if to one alone
  text TEXT NOT NULL,
  tags TEXT NOT NULL,
  bot INTEGER NOT NULL,
  PRIMARY KEY (target, id)
) STRICT, WITHOUT ROWID;

-- Which words are in which message of a room; the texts themselves are not in here again. The room is a part of each
-- word, so that what is said in others costs a search nothing: see sqlite.ts, which also merges what it is made of.
CREATE VIRTUAL TABLE word USING fts5(
  words,
  content = '',
  contentless_delete = 1,
  detail = 'none',
  tokenize = 'ascii tokenchars _' -- the words are made before: see tokenizer.ts
);
INSERT INTO word (word, rank) VALUES ('automerge', 0);

CREATE TABLE secret (value BLOB NOT NULL) STRICT;
INSERT INTO secret VALUES (randomblob(32));
`,
  `
-- The names that are somebody's own, and what is kept of their passwords: scrypt's hash for those who say them, and the
-- keys of SCRAM-SHA-256 (RFC 5802) for those who only show that they know them.
CREATE TABLE account (
  key TEXT PRIMARY KEY, -- the folded name
  name TEXT NOT NULL,
  since INTEGER NOT NULL,
  hash TEXT NOT NULL,
  salt BLOB NOT NULL,
  iterations INTEGER NOT NULL,
  stored BLOB NOT NULL,
  server BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`,
  `
-- Whom server operators have banned: an address, a network or a mask.
CREATE TABLE ban (
  what TEXT PRIMARY KEY,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER -- nothing, if for good
) STRICT, WITHOUT ROWID;
`,
  `
-- Whose own name those who said something had shown to be theirs, if any.
ALTER TABLE message ADD COLUMN account TEXT;
`,
  `
-- When anything about a room was changed last. Where that is long ago, and nothing is left that was said, the room goes.
ALTER TABLE target ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
`,
  `
-- Lines whose id is later than their time: what was said after a clock had been put back, mostly. All others are in the order
-- of their time. So the first line since a time is found in a few steps, whatever the clock says now: see sqlite.ts.
-- Pieces of the index are merged by tidy, some pages at a time: FTS5 would merge them all at once when there are 16.
INSERT INTO word (word, rank) VALUES ('crisismerge', 1000);
CREATE INDEX message_ahead ON message (target, time) WHERE id >= (time + 1) * 1024;
`,
  `
-- How many lines and bytes each writer has in each room: see usage.ts. Target 0 stands for all rooms together, and a writer
-- of it that is called # and a number for that room.
CREATE TABLE usage (
  target INTEGER NOT NULL,
  writer TEXT NOT NULL,
  parent TEXT NOT NULL, -- the writer that this one is a part of, or nothing
  lines INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first INTEGER NOT NULL, -- none of these lines has a smaller id
  PRIMARY KEY (target, writer)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_bytes ON usage (target, parent, bytes);
CREATE INDEX usage_by_writer ON usage (writer);
ALTER TABLE target ADD COLUMN counted INTEGER NOT NULL DEFAULT 0; -- up to which message usage has it
CREATE TRIGGER target_usage AFTER DELETE ON target BEGIN
  UPDATE usage SET
      lines = lines - (SELECT lines FROM usage AS gone WHERE gone.target = old.id AND gone.writer = usage.writer),
      bytes = bytes - (SELECT bytes FROM usage AS gone WHERE gone.target = old.id AND gone.writer = usage.writer)
    WHERE target = 0 AND writer IN (SELECT writer FROM usage WHERE target = old.id);
  DELETE FROM usage WHERE target = 0 AND lines <= 0 AND writer IN (SELECT writer FROM usage WHERE target = old.id);
  DELETE FROM usage WHERE target = old.id;
  DELETE FROM usage WHERE target = 0 AND writer = '#' || old.id;
END;
`,
  `
-- The time that had been for certain when it was looked at last: see knownTime in database.ts. 0 if it never was.
CREATE TABLE clock (reached INTEGER NOT NULL) STRICT;
INSERT INTO clock VALUES (0);
`,
];

/**
 * The tables of the file, as a list of migrations: each leads from one version to the next. The SQL of a released migration
 * never changes; a change of the tables is a new migration.
 */

export const MIGRATIONS: readonly string[] = [
  `
-- Rooms, by their folded names, and private conversations, by names that the chat chooses: these contain a space.
CREATE TABLE target (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  since INTEGER NOT NULL DEFAULT 0, -- when the room was created; all times are in milliseconds since 1970
  topic TEXT,
  topic_by TEXT,
  topic_at INTEGER,
  switches TEXT NOT NULL DEFAULT '', -- the letters of the modes that are on
  password TEXT,
  "limit" INTEGER,
  indexed INTEGER NOT NULL DEFAULT 0 -- the greatest id in the full-text index: see word_index.ts
) STRICT;

-- The mask lists of rooms: bans, exceptions, invitations.
CREATE TABLE mask (
  target INTEGER NOT NULL,
  list TEXT NOT NULL,
  mask TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (target, list, mask)
) STRICT, WITHOUT ROWID;

-- The lines, clustered by target, as they are read. A private line is stored once for each side of the conversation.
CREATE TABLE message (
  target INTEGER NOT NULL,
  id INTEGER NOT NULL,
  time INTEGER NOT NULL,
  style INTEGER NOT NULL, -- 0 say, 1 action, 2 notice
  origin TEXT NOT NULL, -- nick!user@host
  recipient TEXT, -- of a private line
  text TEXT NOT NULL,
  tags TEXT NOT NULL,
  bot INTEGER NOT NULL,
  PRIMARY KEY (target, id)
) STRICT, WITHOUT ROWID;

-- The full-text index of lines in rooms, without their texts. Each term contains the number of its room, so that a search
-- does not read the entries of other rooms: see word_index.ts, which also merges its segments.
CREATE VIRTUAL TABLE word USING fts5(
  words,
  content = '',
  contentless_delete = 1,
  detail = 'none',
  tokenize = 'ascii tokenchars _' -- tokenizer.ts has split the texts already
);
INSERT INTO word (word, rank) VALUES ('automerge', 0);

CREATE TABLE secret (value BLOB NOT NULL) STRICT;
INSERT INTO secret VALUES (randomblob(32));
`,
  `
-- Accounts. Passwords are stored as scrypt hashes, for logins that send them, and as the keys of SCRAM-SHA-256 (RFC 5802).
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
-- The bans of server operators, on addresses, networks and masks.
CREATE TABLE ban (
  what TEXT PRIMARY KEY,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER -- null for a permanent ban
) STRICT, WITHOUT ROWID;
`,
  `
-- The account that the author was logged in to.
ALTER TABLE message ADD COLUMN account TEXT;
`,
  `
-- When the state of a room was last changed: a room without lines expires after the retention period.
ALTER TABLE target ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
`,
  `
-- Lines whose id is ahead of their time, mostly as the clock was set back. All other lines are in the order of their times.
-- So the first line since a time is found in a few steps, whatever the clock says: see line_times.ts.
-- Segments of the full-text index are merged by maintenance, some pages at a time; FTS5 would merge all 16 of them at once.
INSERT INTO word (word, rank) VALUES ('crisismerge', 1000);
CREATE INDEX message_ahead ON message (target, time) WHERE id >= (time + 1) * 1024;
`,
  `
-- How many lines and bytes each writer has in each room: see usage.ts. Target 0 stands for all rooms together, and its
-- writer # with a number for that room.
CREATE TABLE usage (
  target INTEGER NOT NULL,
  writer TEXT NOT NULL,
  parent TEXT NOT NULL, -- the writer that this one is a part of, or empty
  lines INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first INTEGER NOT NULL, -- a lower bound of the ids of these lines
  PRIMARY KEY (target, writer)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_bytes ON usage (target, parent, bytes);
CREATE INDEX usage_by_writer ON usage (writer);
ALTER TABLE target ADD COLUMN counted INTEGER NOT NULL DEFAULT 0; -- the greatest id that usage includes
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
-- The time that had certainly passed when it was last saved, or 0: see knownTime in database.ts.
CREATE TABLE clock (reached INTEGER NOT NULL) STRICT;
INSERT INTO clock VALUES (0);
`,
  `
-- The users that each account ignores, by account or as nick!*@host: see ignore_lists.ts.
CREATE TABLE ignored (
  account TEXT NOT NULL, -- folded, as in the table of accounts
  key TEXT NOT NULL, -- the folded name
  name TEXT NOT NULL,
  number INTEGER NOT NULL, -- they are listed in this order
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
`,
  `
-- Room names are compared without regard to case in all scripts, by the function that names.ts has: É is é. Of rooms whose
-- names have become the same, all but the oldest are renamed.
UPDATE target AS room SET name = name || '-' || id WHERE key >= '#' AND key < '$' AND EXISTS (
  SELECT 1 FROM target AS other WHERE other.key >= '#' AND other.key < '$' AND other.id < room.id
    AND fold(other.name) = fold(room.name)
);
UPDATE target SET key = '#' || char(1) || id WHERE key >= '#' AND key < '$' AND key <> fold(name); -- so that no two are equal meanwhile
UPDATE target SET key = fold(name) WHERE key >= '#' || char(1) AND key < '#' || char(2);
`,
  `
-- The roles of accounts in rooms, by the folded name of the account: owner, op, voice or member. See chat/roles.ts.
CREATE TABLE role (
  target INTEGER NOT NULL,
  key TEXT NOT NULL,
  account TEXT NOT NULL,
  role TEXT NOT NULL,
  since INTEGER NOT NULL,
  by TEXT NOT NULL,
  PRIMARY KEY (target, key)
) STRICT, WITHOUT ROWID;

-- The nickname of the user that a mask or a ban stands for, if it was made from one.
ALTER TABLE mask ADD COLUMN nick TEXT;
ALTER TABLE ban ADD COLUMN nick TEXT;
  `,
  `
-- The tokens with which devices, bots and scripts log in, and, as number 0, the one-time word that replaces a lost password.
-- Only SHA-256 hashes are stored: a token is random, and long enough that it cannot be guessed from its hash.
CREATE TABLE token (
  account TEXT NOT NULL, -- the folded name
  id INTEGER NOT NULL,
  hash BLOB NOT NULL,
  name TEXT NOT NULL,
  since INTEGER NOT NULL,
  used INTEGER NOT NULL,
  host TEXT NOT NULL, -- from where it was last used, as members see it
  read_only INTEGER NOT NULL,
  room TEXT, -- the only room that it permits, folded
  until INTEGER, -- when it ends, if it does
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- The certificates with which clients log in by SASL EXTERNAL.
CREATE TABLE certificate (
  fingerprint TEXT PRIMARY KEY, -- SHA-256 of the certificate, in hexadecimal
  account TEXT NOT NULL, -- the folded name
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_by_account ON certificate (account);
`,
  `
-- The users who are always on, also while they are connected, with their rooms. See chat/always_on.ts.
CREATE TABLE presence (
  key TEXT PRIMARY KEY, -- the folded name of the account
  account TEXT NOT NULL,
  nick TEXT NOT NULL,
  user TEXT NOT NULL,
  host TEXT NOT NULL,
  realname TEXT NOT NULL,
  since INTEGER NOT NULL,
  bot INTEGER NOT NULL,
  seen INTEGER -- when the user was last here, or null while connected
) STRICT, WITHOUT ROWID;
CREATE TABLE presence_room (
  key TEXT NOT NULL, -- of the table presence
  number INTEGER NOT NULL, -- the rooms are in this order
  room TEXT NOT NULL,
  ranks TEXT NOT NULL, -- words with a space between them
  PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;

-- Whether an account has chosen to be always on, or not to be.
CREATE TABLE always_on (
  key TEXT PRIMARY KEY, -- the folded name of the account
  choice INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  `
-- The rooms that tokens are limited to, apart from the tokens: a room that is renamed may have very many. Two rows have the
-- same name when a room has got a name that tokens were made for before.
CREATE TABLE token_room (
  id INTEGER PRIMARY KEY,
  room TEXT NOT NULL -- folded
) STRICT;
CREATE INDEX token_room_by_name ON token_room (room);
INSERT INTO token_room (room) SELECT DISTINCT room FROM token WHERE room IS NOT NULL;
ALTER TABLE token ADD COLUMN room_id INTEGER; -- the only room that the token permits
UPDATE token SET room_id = (SELECT id FROM token_room WHERE room = token.room);
ALTER TABLE token DROP COLUMN room;
CREATE INDEX token_by_room ON token (room_id) WHERE room_id IS NOT NULL;
CREATE TRIGGER token_deleted AFTER DELETE ON token WHEN old.room_id IS NOT NULL BEGIN
  DELETE FROM token_room WHERE id = old.room_id AND NOT EXISTS (SELECT 1 FROM token WHERE room_id = old.room_id);
END;
`,
  `
-- Up to when accounts have read rooms and private conversations: see chat/read_marker_store.ts.
CREATE TABLE read_marker (
  account TEXT NOT NULL, -- the folded name
  room INTEGER NOT NULL, -- the id of the target of a room, or 0 for a private conversation
  nick TEXT NOT NULL, -- the folded nickname of the other user in a private conversation, or empty
  time INTEGER NOT NULL,
  PRIMARY KEY (account, room, nick)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_marker_by_room ON read_marker (room);

-- The private conversations of an earlier version count as read.
INSERT INTO read_marker SELECT substr(key, 1, instr(key, '@account ') - 1) AS account, 0, substr(key, instr(key, '@account ') + 9),
    (SELECT time FROM message WHERE target = target.id ORDER BY id DESC LIMIT 1) AS time
  FROM target WHERE key >= '$' AND instr(key, '@account ') > 0 AND time IS NOT NULL;
`,
  `
-- The accounts that were not in the chat when they got a private message, and when that was: see chat/waiting.ts.
CREATE TABLE waiting (
  key TEXT PRIMARY KEY, -- the folded name of the account
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  `
-- The position of a node in the log of its cluster: see position.ts.
CREATE TABLE position (
  stored INTEGER NOT NULL, -- all lines and rooms of the commands up to this one are in the file
  settled INTEGER NOT NULL -- and so are read markers and presence
) STRICT;
INSERT INTO position VALUES (0, 0);

-- The checkpoints of such a node: see checkpoint_table.ts.
CREATE TABLE checkpoint (
  generation INTEGER PRIMARY KEY,
  head TEXT NOT NULL -- JSON; only complete checkpoints have a row
) STRICT;
CREATE TABLE checkpoint_part (
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  records TEXT NOT NULL, -- an array in JSON
  PRIMARY KEY (generation, number)
) STRICT;

-- How far such a node has caught up on lines that it lacks, as JSON; no row if it lacks none: see line_archive_table.ts.
CREATE TABLE catch_up (progress TEXT NOT NULL) STRICT;
`,
  `
-- Replies, reactions, mentions and deleted texts: see line_extras.ts.
ALTER TABLE message ADD COLUMN reply INTEGER; -- the id of the line that it replies to, which may be gone
ALTER TABLE message ADD COLUMN deleted_by TEXT; -- the nickname of the member that has deleted the text, which is empty then
ALTER TABLE message ADD COLUMN extras INTEGER NOT NULL DEFAULT 0; -- whether it may have reactions or mentions
CREATE TABLE reaction (
  target INTEGER NOT NULL,
  line INTEGER NOT NULL,
  member TEXT NOT NULL, -- the folded account after =, or nick!user@host: see chat/line_author.ts
  text TEXT NOT NULL,
  origin TEXT NOT NULL, -- nick!user@host
  account TEXT,
  time INTEGER NOT NULL,
  PRIMARY KEY (target, line, member, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE mention (
  account TEXT NOT NULL, -- the folded name
  line INTEGER NOT NULL,
  target INTEGER NOT NULL,
  PRIMARY KEY (account, line, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_by_line ON mention (target, line);
-- Changes of lines that a node does not have yet, as it catches up: see late_changes.ts.
CREATE TABLE late_change (
  target TEXT NOT NULL, -- the key of a conversation, or the id of a room, which may be renamed meanwhile
  line INTEGER NOT NULL,
  number INTEGER NOT NULL, -- they are applied in this order
  change INTEGER NOT NULL, -- 1 adds a reaction, 0 removes it, 2 deletes the text of the line
  text TEXT NOT NULL,
  origin TEXT NOT NULL, -- or the nickname of the member that deletes the text
  account TEXT,
  time INTEGER NOT NULL,
  PRIMARY KEY (target, line, number)
) STRICT, WITHOUT ROWID;
-- What is left to do until no trace of deleted texts is in the file: see purge.ts.
CREATE TABLE purge (
  log INTEGER NOT NULL, -- whether free pages and the write-ahead log may have some
  terms INTEGER NOT NULL, -- whether segments of the full-text index have their terms
  merging INTEGER NOT NULL -- whether the merge that removes these has begun
) STRICT;
INSERT INTO purge VALUES (0, 0, 0);
CREATE TABLE purge_line ( -- lines whose neighbours may share a page with a trace of the text
  target INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (target, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_extras AFTER DELETE ON message WHEN old.extras <> 0 BEGIN
  DELETE FROM reaction WHERE target = old.target AND line = old.id;
  DELETE FROM mention WHERE target = old.target AND line = old.id;
END;
`,
  `
-- The invite links: see chat/invite_links.ts.
CREATE TABLE invite_link (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL, -- SHA-256 of the code, in base64
  room TEXT NOT NULL, -- folded
  by TEXT NOT NULL, -- a nickname
  maker TEXT NOT NULL, -- ~ and the folded name of the account, or the folded nickname, @ and the host of a guest
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  uses INTEGER, -- how many users can use it, or null for any number
  used INTEGER NOT NULL,
  guests TEXT NOT NULL -- the users that have used it, in the form of maker, as JSON
) STRICT;
`,
  `
-- The full-text index has the beginnings of words now, sequences of characters, and links: see index_terms.ts. Maintenance indexes
-- all lines again.
INSERT INTO word (word) VALUES ('delete-all');
UPDATE target SET indexed = 0;
`,
  `
-- Requests over HTTP give a token without the name of its account.
CREATE INDEX token_by_hash ON token (hash);
`,
  `
-- Uploaded files: see file_table.ts. Only a complete file has a row here.
CREATE TABLE file (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, -- 128 random bits in base64url
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  width INTEGER, -- of an image, in pixels
  height INTEGER,
  size INTEGER NOT NULL,
  owner TEXT NOT NULL, -- the folded name of an account, or @ and the host of a guest
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX file_by_owner ON file (owner);

-- Their bytes: chunk 0 of file N is N * 2^20.
CREATE TABLE file_chunk (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

-- The files that are being written, were left unfinished or were deleted, whose chunks have to be removed.
CREATE TABLE file_remains (number INTEGER PRIMARY KEY) STRICT;
`,
  `
-- Nodes that were away ask for the texts that were deleted meanwhile.
CREATE INDEX message_deleted ON message (target, id) WHERE deleted_by IS NOT NULL;
`,
];

/**
 * Columns named `…_stamp` say which event the columns below them are from (see `stampOf`). They go beyond 2^53, so reads select
 * their seq and never the stamp itself.
 */
export const tables = [
  `CREATE TABLE IF NOT EXISTS room_events (
     room TEXT NOT NULL,
     seq INTEGER NOT NULL,
     stamp INTEGER NOT NULL,
     event TEXT NOT NULL,
     PRIMARY KEY (room, seq)
   ) STRICT`,
  `CREATE TABLE IF NOT EXISTS room_messages (
     room TEXT NOT NULL,
     seq INTEGER NOT NULL,
     origin_stamp INTEGER NOT NULL, n INTEGER, ts TEXT, author TEXT, key TEXT, reply_to INTEGER,
     body_stamp INTEGER NOT NULL, text TEXT, mentions TEXT, version INTEGER, deleted INTEGER,
     metadata_stamp INTEGER NOT NULL, metadata TEXT,
     edited_stamp INTEGER NOT NULL, edited_ts TEXT,
     pinned_stamp INTEGER NOT NULL, pinned INTEGER,
     last_stamp INTEGER NOT NULL,
     PRIMARY KEY (room, seq)
   ) STRICT`,
  `CREATE TABLE IF NOT EXISTS message_reactions (
     room TEXT NOT NULL,
     seq INTEGER NOT NULL,
     emoji TEXT NOT NULL,
     stamp INTEGER NOT NULL, count INTEGER NOT NULL,
     PRIMARY KEY (room, seq, emoji)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS reactions (
     room TEXT NOT NULL,
     seq INTEGER NOT NULL,
     emoji TEXT NOT NULL,
     author TEXT NOT NULL,
     stamp INTEGER NOT NULL, present INTEGER NOT NULL,
     PRIMARY KEY (room, author, seq, emoji)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS sends (
     room TEXT NOT NULL,
     author TEXT NOT NULL,
     key TEXT NOT NULL,
     stamp INTEGER NOT NULL, answer TEXT NOT NULL,
     -- The seq that an ok names, else NULL.
     seq INTEGER,
     PRIMARY KEY (room, author, key)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS rooms (
     room TEXT PRIMARY KEY,
     head_stamp INTEGER NOT NULL, head INTEGER NOT NULL,
     counts_stamp INTEGER NOT NULL, n INTEGER NOT NULL, ts TEXT NOT NULL,
     kind_stamp INTEGER NOT NULL, kind TEXT,
     name_stamp INTEGER NOT NULL, name TEXT, name_folded TEXT,
     settings_stamp INTEGER NOT NULL, slow_mode_ms INTEGER, archived INTEGER, history TEXT,
     members_stamp INTEGER NOT NULL, member_count INTEGER NOT NULL,
     owners_stamp INTEGER NOT NULL, owner_count INTEGER NOT NULL,
     pins_stamp INTEGER NOT NULL, pins TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     key_time_max_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS rooms_listed ON rooms (room) WHERE kind = 'public' AND archived = 0`,
  `CREATE TABLE IF NOT EXISTS members (
     room TEXT NOT NULL,
     user TEXT NOT NULL,
     status_stamp INTEGER NOT NULL, status TEXT,
     role_stamp INTEGER NOT NULL, role TEXT,
     since_stamp INTEGER NOT NULL, since_seq INTEGER,
     last_stamp INTEGER NOT NULL,
     PRIMARY KEY (room, user)
   ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS members_active ON members (room, user) WHERE status = 'active'`,
  `CREATE INDEX IF NOT EXISTS rooms_by_member ON members (user, room) WHERE status = 'active'`,
  `CREATE TABLE IF NOT EXISTS read_marks (
     user TEXT NOT NULL,
     room TEXT NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (user, room)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS archive_floors (
     partition INTEGER PRIMARY KEY,
     epoch INTEGER NOT NULL,
     position INTEGER NOT NULL
   ) STRICT`,
  `CREATE TABLE IF NOT EXISTS dead_letters (
     partition INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     position INTEGER NOT NULL,
     header TEXT NOT NULL,
     bytes BLOB NOT NULL,
     PRIMARY KEY (partition, epoch, position)
   ) STRICT`,
] as const;

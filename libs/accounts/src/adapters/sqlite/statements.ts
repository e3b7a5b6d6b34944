export const tables = [
  `CREATE TABLE IF NOT EXISTS account_users (
     user_id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     name_folded TEXT NOT NULL,
     bot INTEGER NOT NULL,
     owner_id TEXT,
     created_at TEXT NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS account_bots_by_owner ON account_users (owner_id, user_id) WHERE bot = 1`,
  `CREATE TABLE IF NOT EXISTS account_bot_tokens (
     token_id TEXT PRIMARY KEY,
     hash TEXT NOT NULL UNIQUE,
     user_id TEXT NOT NULL,
     scopes TEXT NOT NULL,
     created_at TEXT NOT NULL,
     expires_at TEXT,
     revoked INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS account_bot_tokens_by_user ON account_bot_tokens (user_id, token_id)`,
] as const;

const userColumns = `user_id, name, bot, owner_id, created_at`;
const tokenColumns = `token_id, user_id, scopes, created_at, expires_at, revoked`;

/** A known user gets the new name and keeps the rest; one of the other sort keeps everything. */
export const putUser = `INSERT INTO account_users (user_id, name, name_folded, bot, owner_id, created_at)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, name_folded = excluded.name_folded WHERE bot = excluded.bot`;
export const user = `SELECT ${userColumns} FROM account_users WHERE user_id = ?`;
export const users = `SELECT ${userColumns} FROM account_users WHERE user_id > ? AND instr(name_folded, ?) > 0
  ORDER BY user_id LIMIT ?`;
export const botsOf = `SELECT ${userColumns} FROM account_users WHERE owner_id = ? AND bot = 1 ORDER BY user_id`;

/** A token put again stays as it is: putting must not bring back a revoked one. */
export const putBotToken = `INSERT INTO account_bot_tokens
  (token_id, hash, user_id, scopes, created_at, expires_at, revoked)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (token_id) DO NOTHING`;
export const botTokenByHash = `SELECT ${tokenColumns} FROM account_bot_tokens WHERE hash = ?`;
export const botTokens = `SELECT ${tokenColumns} FROM account_bot_tokens WHERE user_id = ? ORDER BY token_id`;
export const revokeBotToken = `UPDATE account_bot_tokens SET revoked = 1 WHERE token_id = ?`;

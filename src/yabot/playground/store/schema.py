"""The tables. Chats and members are apart from users, so that groups need no new schema."""

FIRST = """
CREATE TABLE bot (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL,
    first_name TEXT NOT NULL,
    username TEXT NOT NULL
);
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT,
    username TEXT,
    language_code TEXT,
    is_removed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE chats (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL CHECK (type IN ('private', 'group', 'supergroup')),
    title TEXT,
    last_message_id INTEGER NOT NULL DEFAULT 0,
    reply_keyboard TEXT
);
CREATE TABLE members (
    chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('member', 'kicked', 'left')),
    PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;
CREATE TABLE messages (
    chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL,
    sender_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    buttons TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (chat_id, message_id)
) WITHOUT ROWID;
CREATE TABLE reactions (
    chat_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    PRIMARY KEY (chat_id, message_id, user_id),
    FOREIGN KEY (chat_id, message_id) REFERENCES messages (chat_id, message_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE presses (
    id TEXT PRIMARY KEY,
    chat_id INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    data TEXT NOT NULL,
    pressed_at INTEGER NOT NULL,
    answered_at INTEGER
) WITHOUT ROWID;
CREATE INDEX presses_waiting ON presses (chat_id) WHERE answered_at IS NULL;
CREATE TABLE updates (
    update_id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL
);
CREATE TABLE commands (
    scope TEXT NOT NULL,
    language_code TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (scope, language_code)
) WITHOUT ROWID;
"""

PAYMENTS = """
ALTER TABLE users ADD COLUMN stars INTEGER NOT NULL DEFAULT 1000 CHECK (stars >= 0);
CREATE TABLE invoices (
    chat_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    payload TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (chat_id, message_id),
    FOREIGN KEY (chat_id, message_id) REFERENCES messages (chat_id, message_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE checkouts (
    id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    payload TEXT NOT NULL,
    amount INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    outcome TEXT CHECK (outcome IN ('paid', 'refused', 'expired')),
    message TEXT NOT NULL DEFAULT '',
    charge_id TEXT
) WITHOUT ROWID;
CREATE TABLE star_transactions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    payload TEXT NOT NULL,
    amount INTEGER NOT NULL,
    date INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_refund ON star_transactions (charge_id, amount < 0);
"""

FILES = """
CREATE TABLE files (
    file_id TEXT PRIMARY KEY,
    unique_id TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('photo', 'document', 'sticker', 'voice')),
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    extra TEXT NOT NULL,
    body BLOB NOT NULL
);
"""

# A store takes the steps that it has not taken yet; its version counts them.
STEPS = (FIRST, PAYMENTS, FILES)

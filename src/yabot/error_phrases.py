"""Phrases of libraries and servers that may be told to anybody."""

# Phrases that help an operator. If a message contains one, the phrase is told and nothing else of
# the message.
PHRASES = (
    # connections
    "connection refused",
    "connection reset",
    "connection closed",
    "connection is already closed",
    "timed out",
    "name or service not known",
    "no route to host",
    "certificate verify failed",
    "wrong version number",
    # servers
    "password authentication failed",
    "authentication failed",
    "invalid username-password pair",
    "authentication required",
    "no password is set",
    "too many clients",
    "max number of clients reached",
    "the database system is starting up",
    "the database system is shutting down",
    "not the primary",
    "no primary available",
    "no replica set members",
    "document failed validation",
    "duplicate key",
    "waiting for replication timed out",
    "the cluster is down",
    "no connection available",
    "read only replica",
    "out of memory",
    # SQLite
    "disk is full",
    "disk i/o error",
    "database is locked",
    "readonly database",
    "disk image is malformed",
    "file is not a database",
    "unable to open database file",
    # Telegram
    "terminated by other getupdates request",
    "can't use getupdates method while webhook is active",
    "chat not found",
    "bot was blocked by the user",
    "user is deactivated",
    "message is not modified",
    "message to edit not found",
    "message can't be edited",
    "message text is empty",
    "message thread not found",
    "group chat was upgraded",
    "have no rights to send",
    "user not found",
    "can't parse inline keyboard button",
    "message is too long",
    "text must be non-empty",
    "can't parse entities",
    "query is too old",
    "not enough rights",
    "bad webhook",
    "can be set up only on ports",
    "failed to resolve host",
    "https url must be provided",
    "bad gateway",
    "internal server error",
    "unauthorized",
    "too many requests",
)


def known_phrases(words: str) -> str:
    """The known phrases in a library's or server's words, joined by commas."""
    said = words.lower()
    return ", ".join(phrase for phrase in PHRASES if phrase in said)

"""The engine's password: made once, in a file that only its owner can read."""

import os
import re
import secrets
from pathlib import Path

# mongod takes it as a key file as well: base64 characters, 6 to 1024 of them.
FORM = re.compile(r"[0-9a-f]{64}")
OTHERS = 0o077


def kept_secret(file: Path) -> str:
    """The secret in ``file``, if nobody else can have read or written it; otherwise a new one.

    Raises OSError. Links are not followed.
    """
    return _read(file) or _made(file)


def _read(file: Path) -> str | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor) as opened:
        about, text = os.fstat(descriptor), opened.read(1000)
    private = about.st_uid == os.geteuid() and not about.st_mode & OTHERS
    return text if private and FORM.fullmatch(text) else None


def _made(file: Path) -> str:
    """Write a new secret, whole or not at all, even if this program is killed meanwhile."""
    secret, new = secrets.token_hex(32), file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secret)
    new.replace(file)
    return secret

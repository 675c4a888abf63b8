"""What may be kept of an error: readable, without secrets or anybody's data, and not too long."""

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from yabot.redaction import Redactor

LONGEST = 500

_redactor = Redactor()


def error_text(error: Exception) -> str:
    """At most ``LONGEST`` characters that any database takes."""
    text = _redactor.text(_told(error) or type(error).__name__)
    # Neither a zero character nor half of a pair can be stored.
    text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return text[:LONGEST]


def _told(error: Exception) -> str:
    """Libraries quote the values that they complain of: those are left out."""
    if isinstance(error, ValidationError):
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        return f"{error.title}: " + "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in mistakes
        )
    if isinstance(error, DBAPIError):
        return str(error.orig).strip().partition("\n")[0]
    return str(error)

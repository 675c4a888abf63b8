"""Reads updates as Telegram delivers them, each on its own: an unreadable one harms no other."""

import json
import re
from dataclasses import dataclass
from typing import Any

from aiogram import Bot
from aiogram.methods import GetUpdates
from aiogram.types import Update
from pydantic import ConfigDict

from yabot.bot.incoming import Incoming
from yabot.error_text import kind_of
from yabot.errors import InvalidInput

# The largest number that SQL keeps; Telegram's have 52 bits at most.
LARGEST_ID = 2**63 - 1
# Telegram's updates are a few kilobytes; its longest texts stay far below this.
MOST_BYTES = 256 * 1024
# Build the model now; at the first update its reader would wait for that.
Update.model_rebuild()
KINDS = frozenset(Update.model_fields) - {"update_id"}
# Telegram writes the update_id first.
_LEADING_ID = re.compile(rb'\s*\{\s*"update_id"\s*:\s*(\d{1,19})\s*,')


class GetRawUpdates(GetUpdates):
    """As JSON: aiogram reads a whole poll or nothing of it."""

    model_config = ConfigDict(hide_input_in_errors=True)
    __returning__ = list[Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An update that this version cannot read; ``payload`` is the JSON as it came.

    An empty payload: it was too large to be kept, or other people's talk. ``reason`` holds nothing
    of the update.
    """

    update_id: int
    kind: str
    user_id: str | None
    payload: str
    reason: str


Received = Incoming | Unreadable


def unread_checkout(entry: Unreadable) -> tuple[str, str | None] | None:
    """Query id and payer's language of an unreadable pre-checkout; None for anything else."""
    if entry.kind != "pre_checkout_query" or not entry.payload:
        return None
    query = json.loads(entry.payload)["pre_checkout_query"]
    query_id = query.get("id") if isinstance(query, dict) else None
    if not isinstance(query_id, str) or not query_id.isascii():
        return None
    person = query.get("from")
    language = person.get("language_code") if isinstance(person, dict) else None
    return query_id, language if isinstance(language, str) else None


def read_body(body: bytes, bot: Bot, partitions: int) -> Received:
    """Read an update from the body of a request, which may hold anything.

    Raises InvalidInput when it has no ``update_id`` under which it could be kept.
    """
    if len(body) > MOST_BYTES:
        return _known_by_its_head(body, "it is too large")
    try:
        raw = json.loads(body.decode())
    except RecursionError:
        return _known_by_its_head(body, "it is nested too deeply")
    except ValueError as error:
        raise InvalidInput("the body is no JSON") from error
    return read_raw(raw, partitions, bot)


def read_raw(raw: object, partitions: int, bot: Bot | None = None) -> Received:
    """Raises InvalidInput when it has no ``update_id`` under which it could be kept."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or type(number) is not int or not 0 <= number <= LARGEST_ID:
        raise InvalidInput("it has no usable update_id")
    try:
        kept = Update.model_validate(raw).model_dump_json(exclude_unset=True)
        update = Update.model_validate_json(kept, context={"bot": bot})
        incoming = Incoming.of(update, partitions, kept)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's update does to a library
        return _unreadable(number, raw, kind_of(error))
    if any(
        abs(each.id) > LARGEST_ID for each in (incoming.user, incoming.chat) if each is not None
    ):
        return _unreadable(number, raw, "an id is out of range")
    return incoming


def read_stored(update_id: int, payload: str, partitions: int) -> Received:
    """Read an update from SQL. Another version, which could read more, may have stored it."""
    try:
        update = Update.model_validate_json(payload)
        return Incoming.of(update, partitions, payload)
    except Exception as error:  # noqa: BLE001 - as above
        return Unreadable(update_id, _kind_in(payload), None, payload, kind_of(error))


def _unreadable(number: int, raw: dict[str, Any], reason: str) -> Unreadable:
    kind = _kind(raw)
    event = raw.get(kind)
    payload = _kept(raw) if _is_private(event) else ""
    return Unreadable(number, kind, _user_id(event), payload, reason)


def _kind(raw: dict[str, Any]) -> str:
    return next((name for name in raw if name in KINDS), "unknown")


def _kind_in(payload: str) -> str:
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError):
        return "unknown"
    return _kind(raw) if isinstance(raw, dict) else "unknown"


def _kept(raw: dict[str, Any]) -> str:
    try:
        payload = json.dumps(raw)
    except (RecursionError, ValueError):
        return ""
    return payload if len(payload) <= MOST_BYTES else ""


def _is_private(event: object) -> bool:
    """Whether it may be kept; nobody can say whether talk in a group is meant for us."""
    if not isinstance(event, dict):
        return True
    message = event.get("message")
    chat = event.get("chat") or (message.get("chat") if isinstance(message, dict) else None)
    return not isinstance(chat, dict) or chat.get("type") in (None, "private")


def _user_id(event: object) -> str | None:
    """The user whose data it is, so that /forget finds it."""
    if not isinstance(event, dict):
        return None
    for name in ("from", "user"):
        person = event.get(name)
        number = person.get("id") if isinstance(person, dict) else None
        if type(number) is int and abs(number) <= LARGEST_ID:
            return str(number)
    return None


def _known_by_its_head(body: bytes, reason: str) -> Unreadable:
    found = _LEADING_ID.match(body[:100])
    if found is None or int(found[1]) > LARGEST_ID:
        raise InvalidInput(reason)
    return Unreadable(int(found[1]), "unknown", None, "", reason)

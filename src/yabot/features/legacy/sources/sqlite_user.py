"""Interprets a user of the bot before the old one, with all their rows."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from yabot.features.legacy.record import FIRST_NAME, OldUser, Record, Refusal, Role
from yabot.features.legacy.sources import values
from yabot.features.legacy.sources.fields import Fields
from yabot.features.legacy.sources.profile import (
    NotReadable,
    bounded,
    parse,
    require_id,
    said,
    shown_key,
)
from yabot.features.legacy.sources.sqlite_tables import (
    CALLED,
    PIECES,
    STATES,
    SUBSCRIPTIONS,
    USERS,
)

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

_FREE: Role = "free"
_VIP: Role = "vip"

# Possible names of columns, the likeliest first.
_POINTS = ("points", "besitos", "kisses", "balance")
_EXPIRY = ("vip_expires_at", "vip_expiry", "vip_until", "expires_at")
_SINCE = ("created_at", "registered_at", "joined_at")
_END = ("expires_at", "end_date", "vip_expires_at", "expiry", "ends_at")
_PLAN = ("plan_type", "plan", "type", "role")
_PIECE = (
    *(CALLED, "piece_key", "lore_piece_key", "piece_code", "lore_code", "code_name", "key", "code"),
    *("lore_piece_id", "lore_id", "piece_id", "item_id", "name"),
)
_MANY = ("quantity", "count", "amount")
_FRAGMENT = (
    *("current_fragment_key", "current_fragment", "fragment_key", "current_narrative_fragment"),
    *(CALLED, "current_fragment_id"),
)
_VISITED = (
    *("visited_fragments", "fragments_visited", "completed_fragments", "fragments_completed"),
    *("visited", "unlocked_fragments"),
)
_CHOICES = ("choices_made", "choices", "narrative_choices", "decisions_made", "decisions")


def interpret(key: str, text: str) -> Record | Refusal:
    """What the rows of ``key`` say. Never raises."""
    has = Decimal(0)
    try:
        rows = _tables(parse(text))
        user = rows[USERS][-1]
        has = said(user.get(_named(user, _POINTS)))
        require_id(key)
        return bounded(_record(key, user, rows), text)
    except NotReadable as error:
        return Refusal(shown_key(key), str(error), has)


def _record(user_id: str, row: Row, rows: Rows) -> Record:
    fields = Fields(row)
    for each in ("id", "telegram_id", "tg_id", "telegram_user_id", "user_id"):
        fields.take_raw(each, "nothing")
    state = rows[STATES][-1] if rows.get(STATES) else {}
    story = Fields({name: _column(value) for name, value in state.items()})
    role, until = _subscription(fields, row, rows.get(SUBSCRIPTIONS, ()))
    user = OldUser(
        user_id=user_id,
        first_name=fields.take("first_name", values.name, FIRST_NAME),
        last_name=fields.take("last_name", values.name, None, "nothing"),
        username=fields.take("username", values.username, None, "nothing"),
        kisses=fields.take_kisses(_named(row, _POINTS), default=0),
        role=role,
        vip_until=until,
        inventory=_inventory(fields, rows.get(PIECES, ())),
        achievements=fields.take("achievements", _of_column(values.things), (), "nothing"),
        fragment=story.take(_named(state, _FRAGMENT), values.thing, None, "nothing"),
        visited=story.take(_named(state, _VISITED), values.things, (), "nothing"),
        choices=story.take(_named(state, _CHOICES), values.choices, {}, "nothing"),
        registered_at=fields.take(_named(row, _SINCE), _stored(values.moment), None, "nothing"),
        unplaced=_unplaced(fields, rows),
    )
    # Unreadable values of other tables stand in the rows that are kept.
    return Record(user, (*fields.repairs, *story.repairs))


def _subscription(
    fields: Fields, row: Row, subscriptions: Sequence[Row]
) -> tuple[Role, datetime | None]:
    """The role and its end, from the user's row and their subscriptions; the latest end counts."""
    role: Role = fields.take("role", values.role, _FREE, "nothing")
    until = fields.take(_named(row, _EXPIRY), _stored(values.end), None, "nothing")
    if row.get("is_vip") in (1, "1", "true") and role == "free":
        role = "vip"
    for each in filter(_is_live, subscriptions):
        theirs = Fields(each)
        plan: Role = theirs.take(_named(each, _PLAN), values.role, _VIP, "nothing")
        end = theirs.take(_named(each, _END), _stored(values.end), None, "nothing")
        role = plan if role == "free" else role
        until = max(filter(None, (until, end)), default=None)
        fields.repairs += theirs.repairs
    return role, until


def _is_live(subscription: Row) -> bool:
    """Whether nobody has ended the subscription; its time may be over all the same."""
    ended = subscription.get("is_active") in (0, "0", "false", False)
    return not ended and subscription.get("status") not in ("expired", "inactive", "revoked")


def _inventory(fields: Fields, pieces: Sequence[Row]) -> tuple[str, ...]:
    found = [*fields.take("inventory", _of_column(values.things), (), "nothing")]
    for each in pieces:
        try:
            called, how = values.thing(each.get(_named(each, _PIECE)))
        except values.Unreadable:
            fields.note("inventory", "unreadable")
            continue
        if how is not None and CALLED in each:
            fields.note("inventory", how)
        found += [called] * values.count(each.get(_named(each, _MANY), 1))
    return tuple(found[: values.MOST_THINGS])


def _unplaced(fields: Fields, rows: Rows) -> dict[str, Any]:
    """The rest of the user's own row, and the other tables' rows as they stand: those say when, how
    often and for how much."""
    for table, theirs in rows.items():
        if table != USERS:
            fields.put_back(table, [dict(each) for each in theirs])
    return fields.unplaced()


def _tables(found: Mapping[str, Any]) -> Rows:
    """Raises NotReadable if there is no user among the rows."""
    if not found.get(USERS):
        raise NotReadable(f"it has rows in other tables, and none in {USERS}")
    for rows in found.values():
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise NotReadable("its rows cannot be read")
    return found


def _named(row: Row, names: Sequence[str]) -> str:
    """The first name with a value in the row; else the first that is there; else the first."""
    told = [each for each in names if row.get(each) is not None]
    return next(iter(told), next((each for each in names if each in row), names[0]))


def _column(value: Any) -> Any:
    """The column's value, parsed if it is JSON as text."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value
    return value


def _of_column(read: values.Reader[values.T]) -> values.Reader[values.T]:
    return lambda value: read(_column(value))


def _stored(read: values.Reader[datetime]) -> values.Reader[datetime]:
    """Columns hold times without a zone, in UTC: that counts as no repair."""

    def moment(value: Any) -> values.Read[datetime]:
        found, how = read(value)
        return found, None if how == "assumed_utc" else how

    return moment

"""The tables of a database of the bot before the old one, and the queries for them."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yabot.errors import InvalidInput

USERS = "users"
SUBSCRIPTIONS = "vip_subscriptions"
PIECES = "user_lore_pieces"
STATES = "user_narrative_states"

CALLED = "yabot_called"
"""A column that our query adds: the name of the row's piece or fragment, for its number."""

# Possible names of the column that links a row to its user, and of the one with Telegram's id.
_LINKS = ("user_id", "telegram_id", "tg_id", "user_tg_id", "telegram_user_id", "id_user")
_IDS = ("telegram_id", "tg_id", "telegram_user_id", "user_id", "id")
# What numbers stand for: the column with the number, the tables that may resolve it, and their
# columns with the name.
_NAMES = ("key", "code_name", "fragment_key", "code", "slug", "name", "title")
_NUMBERED: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = {
    PIECES: tuple(
        (column, ("lore_pieces", "narrative_lore_pieces"))
        for column in ("lore_piece_id", "lore_id", "piece_id")
    ),
    STATES: (("current_fragment_id", ("story_fragments", "narrative_fragments")),),
}


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of tables and columns as the database has them."""

    columns: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> "Tables":
        """Raises what sqlite3 raises of a damaged file."""
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        names = [name for (name,) in found]
        return cls({name: _columns(connection, name) for name in names})

    def require_users(self, path: Path) -> None:
        if self.named_by == "":
            raise InvalidInput(
                f"{path} is a SQLite database, but not the old bot's: it has no table {USERS} with "
                "ids of Telegram"
            )

    @property
    def named_by(self) -> str:
        """The column of ``users`` with Telegram's id; empty when there is none."""
        return self._first(USERS, _IDS)

    def queries(self) -> Iterator[tuple[str, str]]:
        """A query for each table of interest, which gives the user's link and then all columns,
        ordered by the link as text."""
        # If users have a number of their own, the other tables refer to it.
        own = "id" if "id" in self.columns[USERS] else self.named_by
        for table in (USERS, SUBSCRIPTIONS, PIECES, STATES):
            link = own if table == USERS else self._first(table, _LINKS)
            if link:
                yield table, self._query(table, link)

    def _query(self, table: str, link: str) -> str:
        key = _as_text(f"t.{_quoted(link)}")
        return (
            f"SELECT {key}, t.*{self._called(table)} FROM {_quoted(table)} AS t"  # noqa: S608
            f" WHERE t.{_quoted(link)} IS NOT NULL ORDER BY {key}"
        )

    def _called(self, table: str) -> str:
        """A further column that says what a number stands for; empty where nobody knows."""
        for column, others in _NUMBERED.get(table, ()):
            for other in others:
                name = self._first(other, _NAMES)
                if name and column in self.columns[table] and "id" in self.columns[other]:
                    return (
                        f", (SELECT o.{_quoted(name)} FROM {_quoted(other)} AS o"  # noqa: S608
                        f" WHERE o.id = t.{_quoted(column)} LIMIT 1) AS {CALLED}"
                    )
        return ""

    def _first(self, table: str, wanted: Sequence[str]) -> str:
        there = self.columns.get(table, ())
        return next((each for each in wanted if each in there), "")


def _columns(connection: sqlite3.Connection, table: str) -> Sequence[str]:
    try:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
    except sqlite3.OperationalError:
        # A view of a table that is gone, or of an extension that is not installed.
        return []


def _as_text(column: str) -> str:
    """The column as text; a whole number in a column of floats is written without a fraction."""
    whole = f"CAST({column} AS INTEGER)"
    is_whole = f"typeof({column}) = 'real' AND {column} = {whole}"
    return f"CAST(CASE WHEN {is_whole} THEN {whole} ELSE {column} END AS TEXT)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""Dead letters for operators: shown, tried again, or given up with a note.

The command line and the API use it. Changes are added to the caller's unit of work.
"""

from collections.abc import Mapping, Sequence

from yabot.bus.dead_letters import letters
from yabot.bus.dead_letters.correlated import correlated_before
from yabot.bus.dead_letters.letters import DeadLetter, LetterGroup, Selection, State
from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork
from yabot.runtime.portions import portions
from yabot.storage.relational.database import Database

# Letters in one unit of work: nobody waits long for its commit.
AT_ONCE = 500
# The states in which a letter may be tried again, or given up.
RETRIABLE: tuple[State, ...] = ("dead",)
DISCARDABLE: tuple[State, ...] = ("dead", "retry")

# What a letter in each state is, in a sentence.
ARE: dict[State, str] = {
    "dead": "is dead",
    "retrying": "is still being tried by itself",
    "retry": "waits already for being tried again",
    "resolved": "has been resolved",
    "discarded": "has been discarded",
}


class DeadLetterUnknown(InvalidInput):
    """There is no letter with such an id."""

    code = "dead_letter_unknown"


class DeadLetterState(InvalidInput):
    """The state of a letter does not allow this; nothing was changed."""

    code = "dead_letter_state"


class DeadLetters:
    """Every method raises StoreUnavailable. ``by`` is the operator, for the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def groups(self, state: State = "dead") -> list[LetterGroup]:
        """The largest first."""
        return await self._database.read(letters.grouped(state))

    async def get(self, letter_id: int) -> DeadLetter:
        """Raises DeadLetterUnknown."""
        letter = await self._database.read(letters.one(letter_id))
        if letter is None:
            raise DeadLetterUnknown(_unknown([letter_id]))
        return letter

    async def before(self, letter: DeadLetter) -> list[Envelope]:
        """What led to the letter, in order: its causes, and the last events of its correlation."""
        return await self._database.read(correlated_before(letter.envelope))

    async def select(self, selection: Selection, states: Sequence[State]) -> list[int]:
        """The ids that match now; letters that come later are not among them."""
        return await self._database.read(letters.matching(selection, states))

    async def newest(
        self,
        selection: Selection,
        states: Sequence[State],
        most: int,
        below: int | None = None,
    ) -> list[DeadLetter]:
        """At most ``most`` matching letters with an id less than ``below``, highest id first."""
        return await self._database.read(letters.newest(selection, states, most, below))

    async def require(self, ids: Sequence[int], states: Sequence[State]) -> None:
        """Raises DeadLetterUnknown, DeadLetterState."""
        _require(ids, await self._states_of(ids), states)

    async def retry(
        self, work: UnitOfWork, ids: Sequence[int], by: str, *, or_none: bool = False
    ) -> list[int]:
        """Hand the dead ones among ``ids`` to the worker; returns their ids.

        With ``or_none`` all of them must be dead: raises as ``require`` does.
        """
        retried = await self._change(work, ids, RETRIABLE, "retry", or_none=or_none)
        if retried:
            work.add(audited("dead_letters_retried", {"letters": retried, "by": by}))
        return retried

    async def discard(
        self, work: UnitOfWork, ids: Sequence[int], note: str, by: str, *, or_none: bool = False
    ) -> list[int]:
        """Give up those that may be given up, with a ``note`` why; otherwise like ``retry``."""
        discarded = await self._change(work, ids, DISCARDABLE, "discarded", note, or_none=or_none)
        if discarded:
            details = {"letters": discarded, "by": by, "note": note}
            work.add(audited("dead_letters_discarded", details))
        return discarded

    async def _change(
        self,
        work: UnitOfWork,
        ids: Sequence[int],
        before: Sequence[State],
        after: State,
        note: str | None = None,
        *,
        or_none: bool,
    ) -> list[int]:
        states = await self._states_of(ids)
        if or_none:
            _require(ids, states, before)
        changing = sorted(letter_id for letter_id, state in states.items() if state in before)
        if changing:
            work.add(letters.change(changing, before, after, note))
        return changing

    async def _states_of(self, ids: Sequence[int]) -> dict[int, State]:
        found: dict[int, State] = {}
        for portion in portions(ids, AT_ONCE):
            found |= await self._database.read(letters.states_of(portion))
        return found


def _require(ids: Sequence[int], found: Mapping[int, State], states: Sequence[State]) -> None:
    missing = [letter_id for letter_id in ids if letter_id not in found]
    if missing:
        raise DeadLetterUnknown(_unknown(missing))
    wrong = [letter_id for letter_id in ids if found[letter_id] not in states]
    if wrong:
        told = ", ".join(f"{letter_id} {ARE[found[letter_id]]}" for letter_id in wrong)
        raise DeadLetterState(f"nothing was changed, for this cannot be done: {told}")


def _unknown(ids: Sequence[int]) -> str:
    told = " or ".join(map(str, ids))
    return f"no dead letter has the id {told}; `yabot dlq list` shows which there are"

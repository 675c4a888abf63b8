"""Dead letters for those who look after the bot: seen, tried again, or given up with a note.

The command line uses it; whatever else serves operators can do so too.
"""

from collections.abc import Sequence

from yabot.bus.dead_letters import letters
from yabot.bus.dead_letters.correlated import correlated_before
from yabot.bus.dead_letters.letters import DeadLetter, LetterGroup, Selection, State
from yabot.errors import InvalidInput
from yabot.events.envelope import Envelope
from yabot.storage.relational.database import Database

# Letters in one transaction: nobody waits long for it.
AT_ONCE = 500
# In which states a letter may be tried again, or given up.
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
    """In their state, this cannot be done with the letters; nothing was changed."""

    code = "dead_letter_state"


class DeadLetters:
    """Every method raises StoreUnavailable."""

    def __init__(self, database: Database, by: str) -> None:
        """``by`` is who acts, for the audit."""
        self._database = database
        self._by = by

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
        """The events of the same correlation that happened before it, in order."""
        return await self._database.read(correlated_before(letter.envelope))

    async def select(self, selection: Selection, states: Sequence[State]) -> list[int]:
        """The ids that match now; letters that come later are not among them."""
        return await self._database.read(letters.matching(selection, states))

    async def require(self, ids: Sequence[int], states: Sequence[State]) -> None:
        """Raises DeadLetterUnknown, DeadLetterState."""
        found: dict[int, State] = {}
        for portion in portions(ids, AT_ONCE):
            found |= await self._database.read(letters.states_of(portion))
        missing = [letter_id for letter_id in ids if letter_id not in found]
        if missing:
            raise DeadLetterUnknown(_unknown(missing))
        wrong = [letter_id for letter_id in ids if found[letter_id] not in states]
        if wrong:
            told = ", ".join(f"{letter_id} {ARE[found[letter_id]]}" for letter_id in wrong)
            raise DeadLetterState(f"nothing was changed, for this cannot be done: {told}")

    async def retry(self, ids: Sequence[int]) -> list[int]:
        """Hand them to the worker; gives those that were dead until now."""
        return await self._change(ids, RETRIABLE, "retry")

    async def discard(self, ids: Sequence[int], note: str) -> list[int]:
        """Give them up, and say why; gives those that were there to be given up."""
        return await self._change(ids, DISCARDABLE, "discarded", note)

    async def _change(
        self, ids: Sequence[int], before: Sequence[State], after: State, note: str | None = None
    ) -> list[int]:
        changed: list[int] = []
        for portion in portions(ids, AT_ONCE):
            statement = letters.change(portion, before, after, self._by, note)
            changed += await self._database.write(statement)
        return changed


def portions(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [ids[first : first + size] for first in range(0, len(ids), size)]


def _unknown(ids: Sequence[int]) -> str:
    told = " or ".join(map(str, ids))
    return f"no dead letter has the id {told}; `yabot dlq list` shows which there are"

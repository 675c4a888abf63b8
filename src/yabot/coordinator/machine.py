"""The states of a workflow, and which may follow which."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from yabot.errors import StartupError

# Where every workflow begins: it is stored as soon as it has left this state.
START = "new"
FINISHED = "finished"
# It has failed for good, and what it did is being undone; then all of that is undone.
COMPENSATING = "compensating"
FAILED = "failed"
# What it did could not be undone: somebody has to look at it.
STUCK = "stuck"

# In these a workflow hears of no event any more.
CLOSED = frozenset((FINISHED, COMPENSATING, FAILED, STUCK))


class Machine:
    """Each state of a process, and those that may follow it; staying needs no permission.

    START and, for a workflow that ever ends, FINISHED are among them. Failing is allowed
    everywhere, so it is not.
    """

    def __init__(self, transitions: Mapping[str, AbstractSet[str]]) -> None:
        """Raises StartupError when a state is named that nothing is said of, or is the engine's."""
        self._transitions = {state: frozenset(after) for state, after in transitions.items()}
        if START not in self._transitions:
            raise StartupError("a machine says which states may follow START")
        if taken := CLOSED & self._transitions.keys():
            raise StartupError(f"nothing follows {', '.join(sorted(taken))}: leave it out")
        after = {state for following in self._transitions.values() for state in following}
        if unknown := after - self._transitions.keys() - {FINISHED}:
            raise StartupError(f"no word on what may follow {', '.join(sorted(unknown))}")
        if START in after:
            raise StartupError("START is where a workflow begins: none comes back to it")

    def allows(self, before: str, after: str) -> bool:
        return before == after or after in self._transitions.get(before, ())

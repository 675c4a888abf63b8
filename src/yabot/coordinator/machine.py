"""The states of a workflow, and which may follow which."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from yabot.errors import StartupError

# Every workflow begins here, and is stored only when it has left this state.
START = "new"
FINISHED = "finished"
# COMPENSATING: it has failed for good, and its steps are being undone. FAILED: all are undone.
COMPENSATING = "compensating"
FAILED = "failed"
# A step could not be undone: an operator has to look at it.
STUCK = "stuck"

# In these states a workflow gets no events any more.
CLOSED = frozenset((FINISHED, COMPENSATING, FAILED, STUCK))


class Machine:
    """Each state of a process, and the states that may follow it; staying is always allowed.

    START has to be a key, and FINISHED has to follow some state if workflows ever end. Failing is
    allowed everywhere, so it is not listed.
    """

    def __init__(self, transitions: Mapping[str, AbstractSet[str]]) -> None:
        """Raises StartupError when START is missing or follows a state, when a following state is
        no key, and when a key is one of CLOSED.
        """
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

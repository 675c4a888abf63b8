"""The newest states, so that a reader's next step need not ask MongoDB.

Never stale: SQL tells the version that a reader must see, and only that version is taken.
"""

from collections import OrderedDict

from yabot.features.users.model import UserState
from yabot.log.commit_log import Committed


class StateCache:
    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._states: OrderedDict[str, UserState] = OrderedDict()

    def keep(self, capacity: int) -> None:
        """At most so many from now on."""
        self._capacity = capacity
        while len(self._states) > capacity:
            self._states.popitem(last=False)

    def keep_at_least(self, capacity: int) -> None:
        """Room for so many together, from now on."""
        self._capacity = max(self._capacity, capacity)

    def get(self, user_id: str, version: int) -> UserState | None:
        state = self._states.get(user_id)
        return state if state is not None and state.version == version else None

    def put(self, state: UserState) -> None:
        self._states[state.id] = state
        self._states.move_to_end(state.id)
        if len(self._states) > self._capacity:
            self._states.popitem(last=False)

    def notice(self, committed: Committed) -> None:
        for _, change in committed.documents:
            if isinstance(change.document, UserState):
                self.put(change.document)
            else:
                self._states.pop(change.user_id, None)

"""The newest states, so that a reader's next step need not ask MongoDB.

Never stale: SQL names the version that a reader must see, and only that version is used.
"""

from yabot.features.users.model import UserState
from yabot.log.commit_log import Committed
from yabot.runtime.recent import Recent


class StateCache:
    def __init__(self, capacity: int = 4096) -> None:
        self._states: Recent[str, UserState] = Recent(capacity)

    def keep(self, capacity: int) -> None:
        """Keep at most ``capacity`` states from now on."""
        self._states.most = capacity

    def keep_at_least(self, capacity: int) -> None:
        """Keep room for at least ``capacity`` states from now on."""
        self._states.most = max(self._states.most, capacity)

    def get(self, user_id: str, version: int) -> UserState | None:
        state = self._states.get(user_id)
        return state if state is not None and state.version == version else None

    def put(self, state: UserState) -> None:
        self._states[state.id] = state

    def notice(self, committed: Committed) -> None:
        for _, change in committed.documents:
            if isinstance(change.document, UserState):
                self.put(change.document)
            else:
                self._states.pop(change.user_id, None)

"""Updates for which even the apology failed: they are tried again, and their lane waits."""

from collections.abc import Collection
from dataclasses import dataclass

from yabot.bot.incoming import Incoming
from yabot.clock import uptime
from yabot.observability.logging import get_logger

log = get_logger(__name__)

# Seconds. Rounds come twice a second: if all updates failed, retries in each would fill the log.
REST = 10.0
# Seconds within which a lost update is tried again, if it is still this process's to handle.
TRIED_AGAIN_WITHIN = 60.0
# An update that was lost so often no longer holds up its lane.
MOST_TIMES = 5


@dataclass(slots=True)
class _Loss:
    partition: int
    at: float = 0.0
    # 0 for an update that was only held back.
    times: int = 0


@dataclass(frozen=True, slots=True)
class Resting:
    """Lanes and updates that are left alone for now: their trouble may not be over."""

    lanes: frozenset[str]
    # Updates that do not hold up their lane.
    updates: frozenset[int]

    def __contains__(self, incoming: Incoming) -> bool:
        return incoming.lane in self.lanes or incoming.update_id in self.updates


class LostUpdates:
    def __init__(self, rest: float = REST) -> None:
        """``rest`` is how many seconds a lost update rests, and its lane with it."""
        self._rest = rest
        # By lane, and then by the update's id.
        self._losses: dict[str, dict[int, _Loss]] = {}

    @property
    def resting(self) -> Resting:
        since = uptime() - self._rest
        recent = [
            (lane, update_id, loss.times < MOST_TIMES)
            for lane, losses in self._losses.items()
            for update_id, loss in losses.items()
            if loss.at > since
        ]
        return Resting(
            frozenset(lane for lane, _, holds_up in recent if holds_up),
            frozenset(update_id for _, update_id, holds_up in recent if not holds_up),
        )

    def is_in(self, lane: str) -> bool:
        """Whether an update of this lane was lost and is not settled yet."""
        return lane in self._losses

    def add(self, incoming: Incoming) -> None:
        loss = self._note(incoming)
        loss.times += 1
        if loss.times == MOST_TIMES:
            log.error("update.overtaken", update_id=incoming.update_id, lost=loss.times)

    def settled(self, incoming: Incoming) -> None:
        """The update is done, or not this process's any more."""
        losses = self._losses.get(incoming.lane, {})
        losses.pop(incoming.update_id, None)
        if not losses:
            self._losses.pop(incoming.lane, None)

    def forget(self, partitions: Collection[int]) -> None:
        """Forget losses in ``partitions``: another process has had them, and what still waits there
        is found in its order."""
        for lane, losses in [*self._losses.items()]:
            if any(loss.partition in partitions for loss in losses.values()):
                del self._losses[lane]

    def hold_back(self, incoming: Incoming) -> bool:
        """Whether an earlier update of its lane has to be tried again first; then ``incoming`` is
        noted to be tried again, too.
        """
        self._forget_what_is_gone(incoming.lane)
        is_behind = any(
            update_id < incoming.update_id and loss.times < MOST_TIMES
            for update_id, loss in self._losses.get(incoming.lane, {}).items()
        )
        if is_behind:
            self._note(incoming)
        return is_behind

    def _note(self, incoming: Incoming) -> _Loss:
        losses = self._losses.setdefault(incoming.lane, {})
        loss = losses.setdefault(incoming.update_id, _Loss(incoming.partition))
        loss.at = uptime()
        return loss

    def _forget_what_is_gone(self, lane: str) -> None:
        """Drop old losses: another process has handled them, or they went with their user."""
        since = uptime() - TRIED_AGAIN_WITHIN
        kept = {n: loss for n, loss in self._losses.pop(lane, {}).items() if loss.at > since}
        if kept:
            self._losses[lane] = kept

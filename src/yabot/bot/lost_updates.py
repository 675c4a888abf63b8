"""Updates that could not even be excused: each is tried again, and what is behind it waits."""

from collections.abc import Collection
from dataclasses import dataclass

from yabot.bot.incoming import Incoming
from yabot.clock import uptime
from yabot.observability.logging import get_logger

log = get_logger(__name__)

# Seconds. Rounds come twice in each: of what is wrong with all updates they would fill the log.
REST = 10.0
# Seconds within which a lost one has been tried again, if it is still this process's to handle.
TRIED_AGAIN_WITHIN = 60.0
# Lost so often, it holds up its reader no longer.
MOST_TIMES = 5


@dataclass(slots=True)
class _Loss:
    partition: int
    at: float = 0.0
    # 0 of one that was only held back.
    times: int = 0


@dataclass(frozen=True, slots=True)
class Resting:
    """What is to be left alone for now: whatever was wrong with it may be so still."""

    lanes: frozenset[str]
    # Those that hold up nobody.
    updates: frozenset[int]

    def __contains__(self, incoming: Incoming) -> bool:
        return incoming.lane in self.lanes or incoming.update_id in self.updates


class LostUpdates:
    def __init__(self, rest: float = REST) -> None:
        """One that was lost rests for so many seconds, and its lane with it."""
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
        """Whether one of this lane was lost and is not settled yet."""
        return lane in self._losses

    def add(self, incoming: Incoming) -> None:
        loss = self._note(incoming)
        loss.times += 1
        if loss.times == MOST_TIMES:
            log.error("update.overtaken", update_id=incoming.update_id, lost=loss.times)

    def settled(self, incoming: Incoming) -> None:
        """It is done, or not this process's any more."""
        losses = self._losses.get(incoming.lane, {})
        losses.pop(incoming.update_id, None)
        if not losses:
            self._losses.pop(incoming.lane, None)

    def forget(self, partitions: Collection[int]) -> None:
        """What was lost there: another process has had them, and what still waits is found in its
        order."""
        for lane, losses in [*self._losses.items()]:
            if any(loss.partition in partitions for loss in losses.values()):
                del self._losses[lane]

    def hold_back(self, incoming: Incoming) -> bool:
        """Note it as one that is to be tried again, if an earlier one of its lane is to be before
        it; says whether that is so.
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
        """Handled by another process, or deleted with its user."""
        since = uptime() - TRIED_AGAIN_WITHIN
        kept = {n: loss for n, loss in self._losses.pop(lane, {}).items() if loss.at > since}
        if kept:
            self._losses[lane] = kept

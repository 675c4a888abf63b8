"""Whether a group works: its breaker stops it in all processes until an operator lets it go on."""

from yabot.bus.groups import stops
from yabot.bus.groups.breaker import CircuitBreaker
from yabot.bus.groups.stops import Stop
from yabot.clock import utc_now
from yabot.errors import YabotError
from yabot.events.failures import SubscribersStopped
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork


class GroupStopped(YabotError):
    """Too many dead letters: the group takes nothing on until an operator lets it go on."""

    code = "subscribers_stopped"


class Switch:
    """Asked at each look into the log. While it is off, the ``breaker`` is open."""

    def __init__(self, group: str, commits: CommitLog, breaker: CircuitBreaker) -> None:
        self._group = group
        self._commits = commits
        self._breaker = breaker
        # Whether SQL has said that the group has stopped.
        self._was_off = False

    async def is_on_again(self) -> bool:
        """True from when an operator has let the group go on until ``reset`` is called.

        Raises GroupStopped while it has stopped, StoreUnavailable.
        """
        stop = await self._commits.database.read(stops.find(self._group))
        if stop is None and not self._was_off and self._breaker.is_open:
            stop = await self._stop()
        if stop is None:
            return self._was_off
        self._was_off = True
        self._breaker.open()
        raise GroupStopped(
            f"{stop.reason}, so it takes no more: look at `yabot dlq list`, mend what is wrong, "
            f"then `yabot groups go-on {self._group}`"
        )

    def reset(self) -> None:
        self._was_off = False
        self._breaker.close()

    async def _stop(self) -> Stop:
        """Store and publish the stop, once for all processes; returns the one that is stored."""
        stop = Stop(self._group, self._breaker.dead, utc_now())

        async def decide(work: UnitOfWork) -> Stop:
            if known := await self._commits.database.read(stops.find(self._group)):
                return known
            work.add(stops.stop(stop))
            work.publish(SubscribersStopped(group=self._group, dead_letters=stop.dead_letters))
            return stop

        cause = Cause.of_its_own("subscribers", "stopped")
        return (await self._commits.decide(cause, decide)).answer

"""Puts a group of subscribers together."""

from collections.abc import Sequence
from typing import Any

from yabot.bus.groups.breaker import CircuitBreaker
from yabot.bus.groups.delivery import Delivery
from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.pace import USUAL, Pace
from yabot.bus.groups.places import Places
from yabot.bus.groups.retries import Retries
from yabot.bus.groups.turns import Turns
from yabot.log.assignment import Assignment
from yabot.log.commit_log import CommitLog
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.runtime.lanes import Lanes
from yabot.subscriber import Subscriber

log = get_logger(__name__)


def build_group(
    name: str,
    subscribers: Sequence[Subscriber[Any]],
    commits: CommitLog,
    leases: Leases,
    pace: Pace = USUAL,
) -> SubscriberGroup:
    """``name`` is the group's name in SQL, for its positions and its leases."""

    def lane_failed(lane: str, error: Exception) -> None:
        log.error("event.lane_failed", group=name, lane=lane, exc_info=error)

    places, breaker = Places(name, commits.database, pace), CircuitBreaker()
    delivery = Delivery(commits, breaker.note, pace)
    # Unbounded: ``Delivery`` bounds the running attempts, so that a pausing lane delays no other.
    lanes: Lanes[str] = Lanes(None, lane_failed)
    # One consumer may listen to several types of events.
    by_name = {(each.name, each.event.event_type): each for each in subscribers}
    return SubscriberGroup(
        subscribers,
        commits,
        Assignment(name, commits.partitions, leases, every=pace.look_every),
        places=places,
        breaker=breaker,
        delivery=delivery,
        lanes=lanes,
        turns=Turns(commits.catalog.before),
        retries=Retries(name, by_name, places, lanes, delivery),
        look_every=pace.look_every,
    )

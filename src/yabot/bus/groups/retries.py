"""Retries dead letters for an operator, in the lanes of their users."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from yabot.bus.dead_letters import failures
from yabot.bus.dead_letters.failures import Case, Letter
from yabot.bus.groups.delivery import Delivery
from yabot.bus.groups.places import Places
from yabot.bus.tables import dead_letters
from yabot.errors import LeaseLost, StoreUnavailable, TerminalError
from yabot.log.commit_log import CommitLog
from yabot.log.lease import Lease
from yabot.log.tables import outbox, receipts
from yabot.observability.logging import get_logger
from yabot.runtime.lanes import Lanes
from yabot.storage.relational.database import Statement
from yabot.subscriber import Subscriber

log = get_logger(__name__)

AT_ONCE = 20
# Letters in lanes at a time: one slow lane holds up no other, and events keep their room.
MOST_UNDER_WAY = 10 * AT_ONCE


class RetryRefused(TerminalError):
    code = "retry_refused"


class Retries:
    def __init__(
        self,
        group: str,
        subscribers: Mapping[tuple[str, str], Subscriber[Any]],
        places: Places,
        lanes: Lanes[str],
        delivery: Delivery,
    ) -> None:
        self._group = group
        self._subscribers = subscribers
        self._places = places
        self._lanes = lanes
        self._delivery = delivery
        self._commits: CommitLog = delivery.commits
        # The ids of the letters that are in a lane.
        self._under_way: set[int] = set()

    async def take_up(self) -> None:
        """Submit some of the letters of our partitions. Raises StoreUnavailable."""
        partitions = [place.partition for place in self._places]
        most = min(AT_ONCE, MOST_UNDER_WAY - len(self._under_way))
        wanted = failures.wanted_again(self._group, partitions, sorted(self._under_way), most)
        for letter in await self._commits.database.read(wanted):
            place = self._places.get(letter.partition)
            # Meanwhile its partition may have been lost, or its retry have begun.
            if place is not None and letter.id not in self._under_way:
                self._under_way.add(letter.id)
                self._submit(letter, place.lease)

    def forget(self) -> None:
        """No letter is in a lane any more."""
        self._under_way.clear()

    def _submit(self, letter: Letter, lease: Lease) -> None:
        async def retry() -> None:
            try:
                with lease:
                    await self._retry(letter, lease)
            except (LeaseLost, StoreUnavailable) as error:
                log.info("dead_letter.waits", id=letter.id, reason=str(error))
            finally:
                self._under_way.discard(letter.id)

        self._lanes.submit(letter.envelope.lane, retry)

    async def _retry(self, letter: Letter, lease: Lease) -> None:
        try:
            case = await self._case(letter, lease)
        except RetryRefused as refusal:
            await self._commits.database.write(failures.stays_dead(letter.id, refusal))
            return
        await self._delivery.retry(case, letter)

    async def _case(self, letter: Letter, lease: Lease) -> Case:
        """Raises RetryRefused."""
        subscriber = self._subscribers.get((letter.consumer, letter.envelope.event_type))
        if subscriber is None:
            raise RetryRefused(f"there is no subscriber '{letter.consumer}' any more; discard it")
        if subscriber.late == "refuse" and letter.envelope.user_id is not None:
            await self._require_in_order(letter)
        return Case(subscriber, self._group, letter.partition, letter.envelope, lease)

    async def _require_in_order(self, letter: Letter) -> None:
        """Raises RetryRefused."""
        overtaken = await self._commits.database.read(_overtaken(letter))
        if overtaken is None:
            raise RetryRefused(
                "it is so old that the log does not know what has come after it, and "
                f"'{letter.consumer}' takes none out of order; discard it with a note"
            )
        if overtaken:
            raise RetryRefused(
                f"a later {letter.envelope.event_type} of this user has taken effect, and "
                f"'{letter.consumer}' takes none out of order; discard it with a note"
            )


_its_pos = select(outbox.c.pos).where(outbox.c.event_id == bindparam("event"))
_given_up = exists().where(
    dead_letters.c.consumer == bindparam("consumer"),
    dead_letters.c.event_id == outbox.c.event_id,
    dead_letters.c.state != "resolved",
)
_later = (
    select(outbox.c.pos)
    .join(receipts, receipts.c.cause_id == outbox.c.event_id)
    .where(
        outbox.c.user_id == bindparam("user"),
        outbox.c.event_type == bindparam("kind"),
        outbox.c.pos > bindparam("pos"),
        receipts.c.consumer == bindparam("consumer"),
        ~_given_up,
    )
    .limit(1)
)


def _overtaken(letter: Letter) -> Statement[bool | None]:
    """Whether a later event of this type and user has taken effect on the consumer; None when
    the log has forgotten the event.
    """
    envelope = letter.envelope
    where = {
        "consumer": letter.consumer,
        "user": envelope.user_id,
        "kind": envelope.event_type,
    }

    def read(connection: Connection) -> bool | None:
        pos = connection.execute(_its_pos, {"event": envelope.event_id}).scalar()
        if pos is None:
            return None
        return connection.execute(_later, where | {"pos": pos}).first() is not None

    return read

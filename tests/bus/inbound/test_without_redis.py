"""While nobody brings what is published, one user's events keep their order all the same."""

import asyncio
from datetime import timedelta

import pytest

from tests.bus.looking import look
from tests.bus.process import Poked, Process, effects, poke, toy
from tests.storage.fixtures import NewDatabase, redis_away
from tests.waiting import until
from yabot.bus.groups.positions import declare_groups
from yabot.bus.inbound.ingested import remember
from yabot.bus.inbound.window import KEEPS_TURN
from yabot.clock import to_microseconds
from yabot.events.envelope import Envelope
from yabot.log.unit_of_work import Cause, UnitOfWork

THEIRS = "00000000-0000-4000-8000-000000000000"


@pytest.mark.standard
@pytest.mark.criterion("3.2.1", "3.2.4")
async def test_our_own_event_waits_for_the_look_that_finds_what_happened_before_it(
    new_database: NewDatabase,
) -> None:
    """It was posted, and taken in in time."""
    process = Process(new_database(), redis_away(), {"test": [toy()]})
    await process.database.open()
    await process.database.write(declare_groups(["test"]))
    (entry,) = (await poke(process.commits, "7", "ours")).events
    ours = Envelope.model_validate_json(entry.envelope)
    theirs = ours.model_copy(
        update={
            "event_id": THEIRS,
            "timestamp": ours.timestamp - timedelta(milliseconds=100),
            "sequence": None,
            "causation_id": "elsewhere",
            "payload": Poked(word="theirs").in_json(),
        }
    )
    await process.database.write(remember(theirs, to_microseconds(theirs.timestamp)))
    group = process.groups["test"]
    await look(group)
    await asyncio.sleep(KEEPS_TURN + 0.1)
    work = UnitOfWork(Cause("inbound", THEIRS, THEIRS))
    work.ingest(theirs)
    await process.commits.commit(work)

    async def both_have_had_their_turns() -> bool:
        await look(group)
        return len((await effects(process.database)).get("7", [])) == 2

    await until(both_have_had_their_turns)
    assert await effects(process.database) == {"7": ["theirs", "ours"]}
    await process.stop()

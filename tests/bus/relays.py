"""Relays that hardly pause."""

from itertools import repeat

from tests.waiting import PATIENCE
from yabot.bus.relay import SWEEP_SECONDS, Relay
from yabot.bus.streams import Streams
from yabot.storage.relational.database import Database

# Nothing that a test waits for comes by itself after so long.
NEVER = 10 * PATIENCE


def new_relay(
    database: Database, streams: Streams, *, sweep_seconds: float = SWEEP_SECONDS
) -> Relay:
    return Relay(
        database, streams, sweep_seconds=sweep_seconds, first_pause=0.001, mark_after=0.001
    )


def only_asked(database: Database, streams: Streams) -> Relay:
    """Looks into the log, and tries again behind a failure, when it is asked to: never else."""
    relay = new_relay(database, streams, sweep_seconds=NEVER)
    relay.loop.pauses = lambda: repeat(NEVER)
    return relay

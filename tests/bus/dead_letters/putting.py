"""Letters in every state, without anybody who has failed."""

from datetime import timedelta

from sqlalchemy import insert

from tests.log.units import MORNING
from yabot.bus.tables import dead_letters
from yabot.events.envelope import Envelope
from yabot.storage.relational.database import Database


async def put(database: Database, *kinds: tuple[str, str, str, str], word: str = "poison") -> None:
    """Letters by consumer, type, error and state, a minute apart."""
    rows = [
        {
            "consumer": consumer,
            "event_id": f"event {n}",
            "group_name": "test",
            "partition": 0,
            "user_id": "7",
            "event_type": event_type,
            "envelope": _envelope(n, event_type, word).to_json(),
            "state": state,
            "attempts": 6,
            "error_code": error,
            "error": "because",
            "first_failed_at": MORNING + timedelta(minutes=n),
            "last_failed_at": MORNING + timedelta(minutes=n, seconds=30),
        }
        for n, (consumer, event_type, error, state) in enumerate(kinds, 1)
    ]
    await database.write(lambda connection: connection.execute(insert(dead_letters), rows) and None)


def _envelope(n: int, event_type: str, word: str) -> Envelope:
    return Envelope(
        event_id=f"event {n}",
        event_type=event_type,
        version=1,
        timestamp=MORNING,
        user_id="7",
        sequence=n,
        correlation_id="c",
        causation_id="c",
        payload={"word": word},
    )

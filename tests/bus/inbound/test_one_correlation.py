"""A service may give all its events the same correlation id: each is taken in as quickly."""

import pytest
from sqlalchemy import text

from tests.bus.inbound.service import AWARD, HINT, REACTION, Sent
from tests.log.test_retention_steps import instructions, rows_scanned, selects
from yabot.bus.inbound.ingested import surroundings
from yabot.events.envelope import Envelope
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database, executing

pytestmark = pytest.mark.standard

MANY = 3000
ROWS = """
    INSERT INTO ingested (event_id, lane, event_type, correlation_id, causation_id, happened_us,
        ingested_at)
    SELECT 'event ' || n, n % 100, CASE n % 3 WHEN 0 THEN 'reaction_detected'
        WHEN 1 THEN 'besitos_awarded' ELSE 'narrative_hint_unlocked' END, 'c', 'elsewhere', n,
        '2026-11-01T00:00:00.000000Z'
"""
FILL = {
    "sqlite": f"WITH RECURSIVE each (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each "
    f"WHERE n < :many) {ROWS} FROM each",
    "postgresql": f"{ROWS} FROM generate_series(1, :many) AS n",
}


@pytest.mark.parametrize(
    "sent", [REACTION, AWARD, HINT, Sent("wave", 4)], ids=lambda sent: sent.name
)
async def test_few_rows_are_looked_at_of_all_that_have_one_correlation(
    database: Database, commits: CommitLog, sent: Sent
) -> None:
    dialect = database.engine.dialect.name
    await database.write(executing(text(FILL[dialect]).bindparams(many=MANY)))
    if dialect == "postgresql":
        await database.write(executing(text("ANALYZE ingested")))
    envelope = Envelope.model_validate(sent.envelope)
    with selects() as asked:
        around = await database.read(surroundings(envelope, commits.catalog))
    assert (around.causes_us, around.consequence) == EXPECTED[sent.name]
    # To look at all rows would take more than one for each.
    looked = rows_scanned if dialect == "postgresql" else instructions
    assert sum(looked(database.engine, each) for each in asked) < MANY


EXPECTED = {
    "reaction": (0, "event 1"),
    "award": (MANY, "event 2"),
    "hint": (MANY, None),
    "wave": (0, None),
}

"""Positions that were assigned but are missing in the log: rows were lost, or removed by hand.

A position is assigned in the same commit as a user's ``sequence``: if no position is missing, no
sequence is.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from yabot.events.failures import SequenceGap
from yabot.events.partition import Entry
from yabot.log.audit import audited
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import SEQUENCE_GAPS

log = get_logger(__name__)


async def audit_gaps(
    commits: CommitLog, partition: int, taken: int, entries: Sequence[Entry]
) -> None:
    """Audit and publish each gap among ``entries``, which follow ``taken`` in the log; once, even
    if several groups find it. Raises StoreUnavailable.
    """
    for first, last in _gaps([taken, *(entry.pos for entry in entries)]):
        await _note(commits, SequenceGap(partition=partition, first=first, last=last))


async def _note(commits: CommitLog, gap: SequenceGap) -> None:
    async def audit(work: UnitOfWork) -> None:
        work.add(audited(SequenceGap.event_type, gap.model_dump()))
        work.publish(gap, None)

    cause_id = f"gap:{gap.partition}:{gap.first}-{gap.last}"
    _, committed = await commits.decide(Cause("gaps", cause_id, cause_id), audit)
    if not committed.duplicate:
        SEQUENCE_GAPS.inc(gap.last - gap.first + 1)
        log.error("sequence.gap", **gap.model_dump())


def _gaps(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    for before, after in pairwise(positions):
        if after > before + 1:
            yield before + 1, after - 1

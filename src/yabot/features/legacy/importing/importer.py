"""Brings all users of a snapshot into the new stores, or what has changed of them.

There is nothing to resume: an import that died is run again, and finds who is done
(docs/adr/0017-three-way-merge-with-the-old-store.md).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from uuid_utils import uuid7

from yabot.error_text import error_text
from yabot.errors import StoreUnavailable, TransientError
from yabot.features.besitos.model import MIGRATION
from yabot.features.besitos.service import BesitosService
from yabot.features.legacy.importing.breath import Breath
from yabot.features.legacy.importing.report import Brought, Report, Unmergeable
from yabot.features.legacy.known import Known
from yabot.features.legacy.merging.halving import ATTEMPTS, in_halves
from yabot.features.legacy.merging.merger import Merged, Merger
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Entry, Source
from yabot.log.commit_log import CommitLog
from yabot.log.documents import DocumentInvalid, checked
from yabot.log.unit_of_work import Cause, UnitOfWork

CONSUMER = "legacy_import"
# Users in one commit.
CHUNK = 150
# How often it waits for a user who is alone in a chunk and keeps changing.
MOST_WAITS = 60

OnProgress = Callable[[int, int], None]
"""How many entries are done, and of how many."""
Hold = Callable[[UnitOfWork], Awaitable[None]]
Interpreted = Sequence[tuple[Entry, Record | Refusal]]


@dataclass(slots=True)
class Importer:
    """A ``rehearsal`` decides everything and commits nothing."""

    commits: CommitLog
    merger: Merger
    besitos: BesitosService
    breath: Breath
    rehearsal: bool = False
    chunk: int = CHUNK
    # Called in each decision: holds the migration at its phase, or ends the import.
    hold: Hold | None = None
    most_waits: int = MOST_WAITS
    # Keeps the causes of different runs apart: an earlier run may have decided the same chunk.
    _run: str = field(default_factory=lambda: str(uuid7()), init=False)
    _decided: int = field(default=0, init=False)

    async def run(
        self, snapshot: Snapshot, source: Source, report: Report, on_progress: OnProgress
    ) -> None:
        """Add to ``report`` what has become of each user. Raises StoreUnavailable only for reads
        between two chunks: within a chunk, an outage is waited out.
        """
        total, done = await asyncio.to_thread(lambda: snapshot.count), 0
        async for page in self._pages(snapshot, source):
            started = monotonic()
            await self._take(snapshot, page, report)
            done += len(page)
            on_progress(done, total)
            await self.breath.take(monotonic() - started)
        if not self.rehearsal:
            report.in_ledger = await self.besitos.moved_from(MIGRATION, self._causes)

    async def _pages(self, snapshot: Snapshot, source: Source) -> AsyncIterator[Interpreted]:
        """Each page is read while the one before it is committed."""

        def read(after: str) -> Interpreted:
            return [(each, source.interpret(each)) for each in snapshot.page(after, self.chunk)]

        page = await asyncio.to_thread(read, "")
        while page:
            following = asyncio.create_task(asyncio.to_thread(read, page[-1][0].key))
            try:
                yield page
            finally:
                page = await following

    async def _take(self, snapshot: Snapshot, page: Interpreted, report: Report) -> None:
        records, texts = [], {}
        for entry, found in page:
            report.read(found)
            if isinstance(found, Record):
                records.append(found)
                texts[found.user.user_id] = entry.text
        outcomes = await self._bring(_Read(snapshot, texts), records) if records else []
        report.add(outcomes)
        gone = [
            each.user_id for each in outcomes if isinstance(each, Brought) and each.is_forgotten
        ]
        if gone and not self.rehearsal:
            await asyncio.to_thread(snapshot.remove, *gone)

    async def _bring(
        self, read: "_Read", records: Sequence[Record]
    ) -> Sequence[Brought | Unmergeable]:
        brought: list[Brought | Unmergeable] = []
        async for part, outcome in in_halves(records, partial(self._decide, read)):
            if isinstance(outcome, Exception):
                brought.append(Unmergeable(part[0], _why(outcome)))
            else:
                brought += outcome
        return brought

    async def _decide(self, read: "_Read", records: Sequence[Record]) -> Sequence[Brought]:
        decision = _Decision(self.merger, read, records, self.most_waits)
        cause = self._cause()
        if self.rehearsal:
            return await _rehearsed(decision, cause)
        hold = self.hold

        async def decide(work: UnitOfWork) -> Sequence[Brought]:
            brought = await decision.make(work)
            if hold is not None and work.changes_anything:
                await hold(work)
            return brought

        decided = await self.commits.decide(
            cause, decide, attempts=ATTEMPTS, waits_out=decision.waits_out
        )
        return decided.answer

    @property
    def _causes(self) -> str:
        """How the ids of all its causes begin."""
        return f"legacy:{self._run}:"

    def _cause(self) -> Cause:
        self._decided += 1
        cause_id = f"{self._causes}{self._decided}"
        return Cause(CONSUMER, cause_id, cause_id)


def _why(error: BaseException) -> str:
    """The reason, without the user's id if possible: the report names the user."""
    return error.reason if isinstance(error, DocumentInvalid) else error_text(error)


async def _rehearsed(decision: "_Decision", cause: Cause) -> Sequence[Brought]:
    work = UnitOfWork(cause)
    brought = await decision.make(work)
    for change in work.documents.values():
        checked(change)
    return brought


@dataclass(frozen=True, slots=True)
class _Read:
    """What stood in the snapshot when it was read, by user."""

    snapshot: Snapshot
    texts: Mapping[str, str]

    def replaced(self, user_ids: Iterable[str]) -> set[str]:
        """Users whose entry has changed since: a running bot follows the store, and merges them."""
        now = {each: self.snapshot.find(each) for each in user_ids}
        return {each for each, entry in now.items() if entry and entry.text != self.texts[each]}


@dataclass(slots=True)
class _Decision:
    """A decision about some users. Made again, it reads both sides again."""

    merger: Merger
    read: _Read
    records: Sequence[Record]
    waits_left: int

    async def make(self, work: UnitOfWork) -> Sequence[Brought]:
        user_ids = [each.user.user_id for each in self.records]
        seen = await self.merger.look(user_ids)
        # Read after the look: if something newer was merged before, the snapshot has it by now.
        replaced = await asyncio.to_thread(self.read.replaced, user_ids)
        result = []
        for record in self.records:
            user_id = record.user.user_id
            if user_id in replaced:
                result.append(Brought(record, Merged("unchanged"), 0))
                continue
            merged = await self.merger.merge(work, seen[user_id], record)
            there = _besitos_there(seen[user_id].known, record)
            result.append(Brought(record, merged, there))
        return result

    def waits_out(self, failure: TransientError) -> bool:
        """Wait for stores; also for a user who is alone and keeps changing, for a while. Several
        users are halved instead, so that one half need not wait for the other.
        """
        if isinstance(failure, StoreUnavailable):
            return True
        self.waits_left -= 1
        return len(self.records) == 1 and self.waits_left >= 0


def _besitos_there(known: Known | None, record: Record) -> int:
    """How many of the record's besitos were here before; all, if no agreement is remembered."""
    if known is None:
        return 0
    agreed = known.agreed(record.mark) or record.user
    return agreed.kisses

"""Writes into the old bot's file what has changed here, so that the old bot goes on from it.

No update waits for it: each change leaves a note (``waiting``), and all noted users are written at
once, after what the old bot has written meanwhile was merged. Before the write, ``writing`` says
for each of them what is about to be written. That it stands in the file, ``following`` finds later,
like all else in the file. So a kill between any two steps leaves nothing to be mended: what was
written is recognized by its mark, and what was not is written once more.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yabot.features.legacy import repository, waiting
from yabot.features.legacy.known import Known
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.old_files.collisions import Replaced
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.old_files.old_format import MOST_WRITTEN, mirrored, shows
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.record import OldUser, Record, Refusal
from yabot.features.legacy.side_by_side.apart import SMALL, STILL_WRITTEN, is_fresh, rewrite_file
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Entry, Source
from yabot.features.legacy.waiting import Waiting
from yabot.features.users.states import StateUnusable
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import LEGACY_WRITTEN
from yabot.runtime.portions import portions

log = get_logger(__name__)

CONSUMER = "legacy_mirror"
AT_ONCE = 2000
"""Users in one write; the next one takes the rest."""
# Users in one commit.
CHUNK = 50
KIND = "json"
"""The only kind of store that is written."""

Changes = dict[str, Any]
Claimed = dict[str, Known]
"""By user id, what the row says while the user is being written."""


@dataclass(slots=True)
class Mirror:
    commits: CommitLog
    merger: Merger
    migrations: Migrations
    path: Path
    # Bytes: a larger file is written by a process of its own.
    small: int = SMALL
    # Seconds after which a torn file is not just being written any more.
    still_written: float = STILL_WRITTEN
    at_once: int = AT_ONCE
    _replaced: Replaced = field(default_factory=Replaced, init=False)
    # Users whose failed write is in the log already, with the reason.
    _told: set[tuple[str, str]] = field(default_factory=set, init=False)

    async def run_once(
        self, snapshot: Snapshot, source: Source, migration: Migration | None
    ) -> list[str]:
        """Write the waiting users into the file, whose content ``snapshot`` has.

        Returns the users who must be merged first. Raises OldFileBusy, OldFileUnusable,
        StoreUnavailable, GuardFailed when the phase has changed.
        """
        self._replaced.report()
        changes: Changes = {}
        claimed: Claimed = {}
        unmerged: list[str] = []
        removed: list[Waiting] = []
        async for page in self._pages():
            await self._require_whole(snapshot)
            for portion in portions(page, CHUNK):
                claim = _Claim(self.merger, snapshot, source, portion)
                await self._decide(claim.make, migration)
                changes |= claim.changes
                claimed |= claim.claimed
                unmerged += claim.unmerged
                removed += (
                    each for each in portion if each.removed and each.user_id in claim.changes
                )
                self._tell(claim.unwritable)
            if len(changes) >= self.at_once:
                break
        if changes:
            log.debug("legacy.claimed", users=len(claimed))
            await self._write(snapshot, changes, claimed)
            log.debug("legacy.written", users=len(changes))
            await self._settle_removals(snapshot, removed)
        return unmerged

    async def _pages(self) -> AsyncIterator[Sequence[Waiting]]:
        """All waiting users. Some of them cannot be written until something else happens; they hold
        up nobody behind them."""
        after = ""
        while page := await self.commits.database.read(waiting.page(after, self.at_once)):
            yield page
            after = page[-1].user_id

    async def _require_whole(self, snapshot: Snapshot) -> None:
        damage = await asyncio.to_thread(lambda: snapshot.damage)
        if damage is None:
            return
        if is_fresh(self.path, self.still_written):
            raise OldFileBusy(damage.where)
        raise OldFileUnusable(f"the old bot's file is torn, and not written: {damage.where}")

    def _tell(self, unwritable: Mapping[str, str]) -> None:
        for user_id, reason in unwritable.items() - self._told:
            log.warning("legacy.not_mirrored", user_id=user_id, reason=reason)
        self._told |= unwritable.items()

    async def _write(self, snapshot: Snapshot, changes: Changes, claimed: Claimed) -> None:
        state, content = await asyncio.to_thread(lambda: snapshot.contents)
        self._replaced.hold(self.path)
        try:
            await rewrite_file(self.path, changes, state or "", content or "", self.small)
        except Exception:
            self._replaced.release()
            await self._take_back(claimed)
            raise
        LEGACY_WRITTEN.inc(len(changes))

    async def _take_back(self, claimed: Claimed) -> None:
        """After a failed write, free the marks for the next try. Users whom another process, such
        as a roll-back, has claimed since are left alone."""

        async def decide(work: UnitOfWork) -> None:
            seen = await self.merger.look([*claimed])
            for user_id, ours in claimed.items():
                known = seen[user_id].known
                if known is not None and known.writes_the_same(ours):
                    work.add(repository.replace(user_id, known, known.unwritten(), waits=True))

        if claimed:
            await self._decide(decide, None, held=False)

    async def _settle_removals(self, snapshot: Snapshot, removed: Sequence[Waiting]) -> None:
        if not removed:
            return
        await asyncio.to_thread(snapshot.remove, *(each.user_id for each in removed))

        async def decide(work: UnitOfWork) -> None:
            for each in removed:
                work.add(waiting.done(each))

        await self._decide(decide, None, held=False)

    async def _decide(
        self,
        decision: Callable[[UnitOfWork], Any],
        migration: Migration | None,
        *,
        held: bool = True,
    ) -> None:
        async def decide(work: UnitOfWork) -> None:
            await decision(work)
            if held and work.changes_anything:
                self.migrations.hold(work, migration)

        await self.commits.decide(Cause.of_its_own(CONSUMER, "legacy"), decide)


@dataclass(slots=True)
class _Claim:
    """Decides what to write of some users. When made again, it reads both sides again."""

    merger: Merger
    snapshot: Snapshot
    source: Source
    users: Sequence[Waiting]
    changes: Changes = field(default_factory=dict)
    claimed: Claimed = field(default_factory=dict)
    unmerged: list[str] = field(default_factory=list)
    unwritable: dict[str, str] = field(default_factory=dict)
    """Users of whom not everything is written, with the reason."""

    async def make(self, work: UnitOfWork) -> None:
        self.changes, self.claimed, self.unmerged, self.unwritable = {}, {}, [], {}
        seen = await self.merger.look([each.user_id for each in self.users])
        entries = await asyncio.to_thread(self._entries)
        for each in self.users:
            await self._claim(work, each, seen[each.user_id], entries.get(each.user_id))

    async def _claim(
        self, work: UnitOfWork, waits: Waiting, seen: Seen, entry: Entry | None
    ) -> None:
        try:
            ours = await self.merger.ours(seen)
        except StateUnusable:
            # An operator hears of it from the audit; everybody else is written.
            log.debug("legacy.state_lost", user_id=waits.user_id)
            return
        if ours is None:
            self._take_out(work, waits)
            return
        known = seen.known or Known(None, None, 0, None)
        if waits.removed or seen.forgotten:
            # They were deleted and have come back: the entry there is from before.
            entry = None
        found = None if entry is None else self.source.interpret(entry)
        if isinstance(found, Refusal):
            # Overwriting it would lose what cannot be read. Once it is mended, that is followed.
            self.unwritable[waits.user_id] = found.reason
            self._leave(work, waits, seen.known)
            return
        theirs = found.user if isinstance(found, Record) else None
        if isinstance(found, Record) and not known.has_merged(found.user, found.mark):
            self.unmerged.append(waits.user_id)
            return
        text = entry.text if entry is not None else None
        self._note_excess(ours)
        if known.writing is None and not waits.removed and shows(ours, text, theirs):
            self._leave(work, waits, seen.known)
            return
        known = known.written()
        profile = mirrored(ours, known.mark + 1, text, theirs)
        written = self.source.interpret(Entry(waits.user_id, json.dumps(profile)))
        if not isinstance(written, Record):
            self.unwritable[waits.user_id] = written.reason
            self._leave(work, waits, seen.known)
            return
        claimed = known.writes(written.user)
        self._begin(work, waits, seen.known, claimed)
        self.changes[waits.user_id] = profile
        self.claimed[waits.user_id] = claimed

    def _note_excess(self, ours: OldUser) -> None:
        if len(ours.inventory) > MOST_WRITTEN:
            reason = f"of more than {MOST_WRITTEN:,} things the first are written"
            self.unwritable[ours.user_id] = reason

    def _take_out(self, work: UnitOfWork, waits: Waiting) -> None:
        if waits.removed:
            self.changes[waits.user_id] = None
        else:
            work.add(waiting.done(waits))

    def _leave(self, work: UnitOfWork, waits: Waiting, known: Known | None) -> None:
        """Write nothing: the file shows it already, or must not."""
        if known is not None and known.waits:
            work.add(repository.replace(waits.user_id, known, known, waits=False))
        if not waits.removed:
            work.add(waiting.done(waits))

    def _begin(self, work: UnitOfWork, waits: Waiting, known: Known | None, new: Known) -> None:
        if known is None:
            work.add(repository.add_ours(waits.user_id, new))
        else:
            work.add(repository.replace(waits.user_id, known, new, waits=False))
        if not waits.removed:
            work.add(waiting.done(waits))

    def _entries(self) -> dict[str, Entry]:
        found = (self.snapshot.find(each.user_id) for each in self.users)
        return {each.key: each for each in found if each is not None}

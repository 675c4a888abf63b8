"""Compares each user of the old store, as it is now, with what the new stores say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from yabot.errors import GuardFailed
from yabot.feature import Services
from yabot.features.legacy import waiting
from yabot.features.legacy.known import Known
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.record import OldUser, Record, Refusal
from yabot.features.legacy.repository import untouched_among
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Entry, Source
from yabot.features.legacy.verifying.comparison import differences
from yabot.features.legacy.verifying.verification import Kind, Outcome, Verification
from yabot.features.users.service import UserService
from yabot.features.users.states import StateUnusable
from yabot.runtime.portions import portions

CHUNK = 500
Wait = Callable[[], Awaitable[None]]
Theirs = Mapping[str, Record | None]
"""What the old store says of some users, by id; None: nothing."""
# Seconds before the second look at users who differ, and before each further look at those for whom
# a change is on its way: a large file is written once in a minute or two.
_SECONDS = (2.0, 5.0, 15.0, 60.0, 60.0)
WAITS: tuple[Wait, ...] = tuple(partial(asyncio.sleep, seconds) for seconds in _SECONDS)
# If more users differ than these, it is not because changes are on their way.
MOST_AGAIN = 50_000

OnProgress = Callable[[int, int], None]
"""Told how many entries have been looked at, and how many there are."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The store that is compared with the new ones. ``mirrored``: each side follows the other, so
    that nothing may differ for long."""

    source: Source
    path: Path
    mirrored: bool


class Verifier:
    def __init__(self, services: Services, folder: Path, waits: Sequence[Wait] = WAITS) -> None:
        """``folder`` needs room for a copy of the old store, kept during a verification."""
        self._database = services.database
        self._users = services[UserService]
        self._merger = Merger(services)
        self._folder = folder
        self._waits = waits

    async def run(
        self,
        subject: Subject,
        *,
        sample: int | None = None,
        seed: int = 0,
        on_progress: OnProgress = lambda _done, _all: None,
    ) -> Verification:
        """Verify all users, or ``sample`` of those in the old store, as ``seed`` chooses them.

        Raises InvalidInput for a store that cannot be read, StartupError when there is no room for
        its copy, StoreUnavailable.
        """
        found, again = Verification(subject.mirrored), dict[str, Outcome]()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder, prefix="verify-") as name:
            folder = Path(name)
            async with _copied(subject, folder) as snapshot:
                found.damage = _damage(snapshot)
                chosen = _chosen(snapshot.count, sample, seed)
                found.sample = None if chosen is None else len(chosen)
                async for outcome in self._everybody(subject, snapshot, chosen, on_progress):
                    if outcome.kind in found.wrong and len(again) < MOST_AGAIN:
                        again[outcome.user_id] = outcome
                    else:
                        found.add(outcome)
            for wait in self._waits:
                if not again:
                    break
                await wait()
                wrong = await self._look_again(subject, folder, [*again], found)
                again = {each.user_id: each for each in wrong if each.is_on_its_way}
                found.add_all(each for each in wrong if not each.is_on_its_way)
        found.add_all(again.values())
        return found

    async def _everybody(
        self,
        subject: Subject,
        snapshot: Snapshot,
        chosen: frozenset[int] | None,
        on_progress: OnProgress,
    ) -> AsyncIterator[Outcome]:
        after, done, count = "", 0, snapshot.count
        while page := await asyncio.to_thread(snapshot.page, after, CHUNK):
            entries = [entry for n, entry in enumerate(page, done) if chosen is None or n in chosen]
            for outcome in await self._compare(subject, entries):
                yield outcome
            after, done = page[-1].key, done + len(page)
            on_progress(done, count)
        if chosen is None:
            async for outcome in self._only_here(subject, snapshot):
                yield outcome

    async def _only_here(self, subject: Subject, snapshot: Snapshot) -> AsyncIterator[Outcome]:
        after = ""
        while page := await self._users.page(after, CHUNK):
            after = page[-1].user_id
            ids = [each.user_id for each in page]
            missing = await asyncio.to_thread(_missing, snapshot, ids)
            for outcome in await self._judge(subject, dict.fromkeys(missing)):
                yield outcome

    async def _look_again(
        self, subject: Subject, folder: Path, user_ids: Sequence[str], found: Verification
    ) -> list[Outcome]:
        """The outcomes of users who are still wrong; the others are added to ``found``."""
        wrong: list[Outcome] = []
        async with _copied(subject, folder) as snapshot:
            found.damage = _damage(snapshot)
            for asked in portions(user_ids, CHUNK):
                entries = await asyncio.to_thread(_found, snapshot, asked)
                gone = dict.fromkeys(set(asked) - {entry.key for entry in entries})
                for outcome in [
                    *await self._compare(subject, entries),
                    *await self._judge(subject, gone),
                ]:
                    if outcome.kind in found.wrong:
                        wrong.append(outcome)
                    else:
                        found.add(outcome)
        return wrong

    async def _compare(self, subject: Subject, entries: Sequence[Entry]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        theirs: dict[str, Record | None] = {}
        for entry in entries:
            read = subject.source.interpret(entry)
            if isinstance(read, Refusal):
                outcomes.append(Outcome(read.key, "refused", reason=read.reason))
            else:
                theirs[read.user.user_id] = read
        return outcomes + await self._judge(subject, theirs)

    async def _judge(self, subject: Subject, theirs: Theirs) -> list[Outcome]:
        """The outcome of each user; users who are on neither side are left out."""
        if not theirs:
            return []
        seen = await self._merger.look([*theirs])
        await self._users.read_ahead([each.stored for each in seen.values()])
        outcomes = []
        for user_id, record in theirs.items():
            old = None if record is None else record.user
            try:
                outcome = _outcome(seen[user_id], old, await self._ours(seen[user_id]))
            except StateUnusable:
                outcome = Outcome(user_id, "lost_here", old.kisses if old else 0)
            if outcome is not None:
                outcomes.append(outcome)
        if subject.mirrored:
            return await self._with_their_way(outcomes, theirs)
        return await self._without_newer(outcomes, seen, theirs)

    async def _ours(self, seen: Seen) -> OldUser | None:
        """The user as they are here; one who changes during the look is looked at again."""
        while True:
            try:
                return await self._merger.ours(seen)
            except GuardFailed:
                seen = (await self._merger.look([seen.user_id]))[seen.user_id]

    async def _with_their_way(self, outcomes: Sequence[Outcome], theirs: Theirs) -> list[Outcome]:
        """The outcomes, which say whether a change is on its way to the other side."""
        differing = [each.user_id for each in outcomes if each.kind != "agrees"]
        if not differing:
            return [*outcomes]
        noted = await self._database.read(waiting.among(differing))
        # Read after the notes: if a note is gone by then, the row says that the user is being
        # written.
        seen = await self._merger.look(differing)

        def is_on_its_way(user_id: str, kind: Kind) -> bool:
            under_way = _is_under_way(seen[user_id].known, theirs[user_id], kind)
            return user_id in noted or under_way

        return [
            each
            if each.kind == "agrees"
            else replace(each, is_on_its_way=is_on_its_way(each.user_id, each.kind))
            for each in outcomes
        ]

    async def _without_newer(
        self, outcomes: Sequence[Outcome], seen: Mapping[str, Seen], theirs: Theirs
    ) -> list[Outcome]:
        """Where the old store is not written, changes that a reader has made here since the import
        are no difference."""
        differing = [each.user_id for each in outcomes if each.kind == "differs"]
        untouched = await self._database.read(untouched_among(differing)) if differing else {}
        return [
            each.gone_on()
            if each.kind == "differs"
            and each.user_id not in untouched
            and _is_as_agreed(seen[each.user_id].known, theirs[each.user_id])
            else each
            for each in outcomes
        ]


def _outcome(seen: Seen, theirs: OldUser | None, ours: OldUser | None) -> Outcome | None:
    kisses, besitos = theirs.kisses if theirs else 0, ours.kisses if ours else 0
    if theirs is None or ours is None:
        if theirs is None and ours is None:
            return None
        gone: Kind = "forgotten" if seen.forgotten else "only_there"
        kind = "only_here" if theirs is None else gone
        return Outcome(seen.user_id, kind, kisses, besitos)
    found = tuple(differences(theirs, ours))
    return Outcome(seen.user_id, "differs" if found else "agrees", kisses, besitos, found)


def _is_under_way(known: Known | None, record: Record | None, kind: Kind) -> bool:
    if known is None or record is None:
        return kind == "only_there"
    return known.waits or known.writing is not None or known.digest != record.user.digest


def _is_as_agreed(known: Known | None, record: Record | None) -> bool:
    """Whether the old store has not changed since the agreement, apart from our own writes."""
    agreed = known.agreed(record.mark) if known and record else None
    return bool(agreed and record and agreed.digest == record.user.digest)


@asynccontextmanager
async def _copied(subject: Subject, folder: Path) -> AsyncIterator[Snapshot]:
    """A snapshot of the old store as it is now."""
    snapshot = await asyncio.to_thread(Snapshot.take, subject.source, subject.path, folder)
    try:
        yield snapshot
    finally:
        await asyncio.to_thread(snapshot.close)


def _damage(snapshot: Snapshot) -> str | None:
    return None if snapshot.damage is None else snapshot.damage.where


def _chosen(count: int, sample: int | None, seed: int) -> frozenset[int] | None:
    """The places of the entries that are looked at; None: all."""
    if sample is None or sample >= count:
        return None
    return frozenset(Random(seed).sample(range(count), sample))  # noqa: S311 - no secret


def _missing(snapshot: Snapshot, user_ids: Sequence[str]) -> list[str]:
    return [user_id for user_id in user_ids if snapshot.find(user_id) is None]


def _found(snapshot: Snapshot, user_ids: Sequence[str]) -> list[Entry]:
    return [entry for user_id in user_ids if (entry := snapshot.find(user_id)) is not None]

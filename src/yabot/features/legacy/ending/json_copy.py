"""Writes all users in the format of the old bot's `db.json`, beside a store that is only read."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from yabot.feature import Services
from yabot.features.legacy import repository
from yabot.features.legacy.known import Known
from yabot.features.legacy.merging.looking import Seen
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.old_files.new_file import NewFile
from yabot.features.legacy.old_files.old_format import mirrored
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.record import OldUser, Record
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry, Source
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import Cause, UnitOfWork

PAGE = 100

Profile = dict[str, Any]


def copy_of(store: Path) -> Path:
    return store.with_name(f"{store.name}.rolled-back.json")


class JsonCopy:
    """Notes what it writes of a user before it writes it, as for the old bot's own file: whichever
    of the two files is imported later, only real changes in it count as new."""

    def __init__(self, services: Services, migrations: Migrations, merger: Merger) -> None:
        self._commits = services.commits
        self._users = services[UserService]
        self._migrations = migrations
        self._merger = merger

    async def write(self, migration: Migration, snapshot: Snapshot, source: Source) -> Path:
        """Raises StoreUnavailable, OSError, GuardFailed when the phase is another one."""
        path = copy_of(migration.path)
        with NewFile.replacing(path) as file:
            async for user_id, profile in self._all(migration, snapshot, source):
                file.add_profile(user_id, profile)
        return path

    async def _all(
        self, migration: Migration, snapshot: Snapshot, source: Source
    ) -> AsyncIterator[tuple[str, Profile]]:
        after = ""
        while page := await self._users.page(after, PAGE):
            after = page[-1].user_id
            for each in (await self._claim(migration, [user.user_id for user in page])).items():
                yield each
        after = ""
        while entries := await asyncio.to_thread(snapshot.page, after, PAGE):
            after = entries[-1].key
            for user in await self._only_there([source.interpret(each) for each in entries]):
                yield user.user_id, mirrored(user, 0, None, None)

    async def _claim(self, migration: Migration, user_ids: Sequence[str]) -> dict[str, Profile]:
        async def decide(work: UnitOfWork) -> dict[str, Profile]:
            seen = await self._merger.look(user_ids)
            untouched = await self._commits.database.read(repository.untouched_among(user_ids))
            profiles = {}
            for user_id in user_ids:
                ours = await self._merger.ours(seen[user_id])
                if ours is None:
                    continue
                profiles[user_id] = (
                    mirrored(ours, 0, None, None)
                    if user_id in untouched
                    else _noted(work, seen[user_id], ours)
                )
            if work.changes_anything:
                self._migrations.hold(work, migration)
            return profiles

        cause = Cause.of_its_own("legacy", "legacy")
        return (await self._commits.decide(cause, decide)).answer

    async def _only_there(self, found: Sequence[object]) -> list[OldUser]:
        users = {each.user.user_id: each.user for each in found if isinstance(each, Record)}
        seen = await self._merger.look([*users])
        return [
            user
            for user_id, user in users.items()
            if seen[user_id].stored.profile is None and not seen[user_id].forgotten
        ]


def _noted(work: UnitOfWork, seen: Seen, ours: OldUser) -> Profile:
    known = seen.known or Known(None, None, 0, None)
    profile = mirrored(ours, known.mark + 1, None, None)
    written = JsonFile().interpret(Entry(ours.user_id, json.dumps(profile)))
    user = written.user if isinstance(written, Record) else ours
    if known.writing is None or known.writing.digest != user.digest:
        new = known.writes(user)
        if seen.known is None:
            work.add(repository.add_ours(ours.user_id, new))
        else:
            work.add(repository.replace(ours.user_id, seen.known, new, waits=False))
    return profile

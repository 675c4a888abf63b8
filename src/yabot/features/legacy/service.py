"""Sets the feature up; it costs nothing where no old store is named."""

from datetime import datetime

from yabot.feature import Services
from yabot.features.legacy import repository, waiting
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.side_by_side.dual import FOLDER, Dual
from yabot.features.legacy.snapshots.expiry import LOOK_EVERY, SnapshotExpiry
from yabot.features.legacy.snapshots.forgetting import Forgetting
from yabot.features.users.service import UserService
from yabot.runtime.loops import WakingLoop


class Legacy:
    """``dual`` is None where LEGACY_DB_PATH names no store."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.dual: Dual | None = None
        services[UserService].brought_at.append(self._brought_at)
        if services.legacy_store is not None and services.data_dir is not None:
            self.dual = Dual(services, services.legacy_store, services.data_dir)
            services[UserService].on_registered.append(self.dual.first_touch.merge)
            services.commits.companions.append(waiting.beside)

    async def _brought_at(self, user_id: str) -> datetime | None:
        return await self._services.database.read(repository.brought_at(user_id))

    def loops(self) -> list[WakingLoop]:
        data_dir = self._services.data_dir
        if data_dir is None:
            return []
        folder = data_dir / FOLDER
        expiry = SnapshotExpiry(Migrations(self._services.database), folder, self._services.clock)
        expiring = WakingLoop("legacy.snapshot", expiry.look, LOOK_EVERY)
        if self.dual is not None:
            return [self.dual.loop, expiring]
        # An import that was made without naming the store has left a copy of it, too.
        return [Forgetting(self._services.commits, folder).loop(), expiring]

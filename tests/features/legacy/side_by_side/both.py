"""Both bots on one machine: the old one at its file, this one's stores, and what goes between."""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.features.legacy.house import House, texts
from tests.features.legacy.old_bot import OldBot, OldProfile
from tests.features.users.storage.world import ana, new_world
from yabot.features.items.service import ItemService
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.service import Legacy
from yabot.features.legacy.side_by_side.dual import Dual
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.metrics import REGISTRY
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

_numbers = count(1)


@dataclass(frozen=True)
class Both:
    house: House
    old: OldBot
    dual: Dual

    async def round(self) -> None:
        """What the program does about once a second."""
        await self.dual.run_once()

    async def rounds(self, times: int = 3) -> None:
        """Until both sides are one: taken in, written, and seen to stand there."""
        for _ in range(times):
            await self.round()

    async def comes(self, user_id: int, first_name: str = "Ana") -> None:
        telegram = ana(first_name=first_name, username=None).model_copy(update={"id": user_id})
        await self.house.world.register(f"start {next(_numbers)}", telegram)

    async def earns(self, user_id: int, amount: int) -> None:
        """Here."""

        async def award(work: UnitOfWork) -> None:
            key = f"test:{next(_numbers)}"
            await self.house.besitos.award(
                work, str(user_id), amount, reason="gift", source="rewards", key=key
            )

        await self.house.world.decide(f"award {next(_numbers)}", award)

    async def gets(self, item_id: str, user_id: int, quantity: int = 1) -> None:
        """Here."""

        async def give(work: UnitOfWork) -> None:
            items = self.house.world.services[ItemService]
            user = await self.house.world.known(str(user_id))
            await items.grant(work, user, item_id, transaction_id=work.cause.id, quantity=quantity)

        await self.house.decide(give)

    async def has(self, user_id: int) -> int:
        return await self.house.balance(str(user_id))

    def earns_there(self, user_id: int, amount: int) -> None:
        """In the old bot."""
        profile = self.old.get_user_profile(user_id)
        profile["kisses"] += amount
        self.old.save_user_profile(profile)

    @property
    def collided(self) -> bool:
        """Whether the old bot was ever writing while its file was replaced."""
        return bool(REGISTRY.get_sample_value("yabot_legacy_collisions_total"))

    def there(self) -> dict[str, OldProfile]:
        found: dict[str, Any] = json.loads(self.old.path.read_text())
        return found


def new_both(database: Database, documents: DocumentStore, folder: Path) -> Both:
    """The file is to be there."""
    path, data = folder / "db.json", folder / "data"
    data.mkdir(exist_ok=True)
    world = new_world(database, documents, texts(), legacy_store=path, data_dir=data)
    dual = world.services[Legacy].dual
    assert dual is not None
    dual.rest = 0.0
    dual.following.rest = 0.0
    return Both(House(world, Merger(world.services)), OldBot(path), dual)

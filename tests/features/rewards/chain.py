"""From a reaction in the chat of a real program to the hint that it brings, seen from outside."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.reader import Reader
from tests.e2e.route import STORY
from tests.e2e.stores import Stores
from tests.features.besitos.beside import beside
from yabot.features.besitos.audit import audit_ledger

Json = dict[str, Any]

# The first hint of the demo that is earned, and what opens with it.
HINT = STORY.hints["accounts"]
OPENED = "c:box_office:accounts"
ASKED_FOR = HINT.earned or 0


@dataclass(frozen=True)
class Chain:
    """What the stores hold of one reader's reactions and of what came of them."""

    stores: Stores
    reader: Reader

    def events(self, *kinds: str) -> list[Json]:
        found = self.stores.outbox(self.reader.user_id)
        return [event for event in found if event["event_type"] in kinds]

    def rewards(self) -> list[str]:
        """What the ledger has paid this reader for reactions, by its keys."""
        query = "SELECT id FROM transactions WHERE id LIKE ? ORDER BY id"
        rows = self.stores.rows(query, f"reaction:{self.reader.user_id}:%")
        return [row["id"].rpartition(":")[2] for row in rows]

    def balance(self) -> int:
        query = "SELECT balance FROM accounts WHERE user_id = ?"
        return int(self.stores.value(query, str(self.reader.user_id)) or 0)

    def hints(self) -> list[str]:
        document = self.stores.document(self.reader.user_id)
        assert document is not None
        found: list[str] = document["current_state"]["narrative_progress"]["hints_unlocked"]
        return found

    def linked(self) -> bool:
        """The last reaction, the last award and the last hint are one chain of causes."""
        (*_, detected), (*_, awarded), (*_, unlocked) = (
            self.events(kind)
            for kind in ("reaction_detected", "besitos_awarded", "narrative_hint_unlocked")
        )
        chain = (detected, awarded, unlocked)
        assert len({event["correlation_id"] for event in chain}) == 1
        assert [event["sequence"] for event in chain] == sorted(e["sequence"] for e in chain)
        return bool(
            awarded["causation_id"] == detected["event_id"]
            and unlocked["causation_id"] == awarded["event_id"]
        )


def announces_hint(message: Json) -> bool:
    return HINT.title["es"] in message.get("text", "") and "besitos" in message["text"]


async def ledger_is_sound(stores: Stores) -> bool:
    async with beside(stores) as ledger:
        return await audit_ledger(ledger.database) == []

"""A feature's part of the user's document: read, changed, and in MongoDB's validator."""

import pytest

from tests.log.units import MORNING, state
from yabot.app.features import FEATURES
from yabot.errors import StartupError
from yabot.feature import Feature, collections_of
from yabot.features.items.inventory import INVENTORY, Inventory
from yabot.features.narrative.state import PROGRESS, NarrativeProgress
from yabot.features.users.model import UserState
from yabot.storage.documents.json_schema import mongo_schema
from yabot.storage.documents.model import FrozenModel
from yabot.storage.documents.parts import StatePart, composed


class Streak(FrozenModel):
    days: int = 0


STREAK = StatePart("streak", Streak)
WITH_STREAK = (*FEATURES, Feature("gift", state=(STREAK,)))


def test_a_part_is_read_and_put_back_without_touching_the_others() -> None:
    owned = INVENTORY.put(state("7", 1), Inventory().with_more("boat", 2))
    standing = PROGRESS.put(owned, NarrativeProgress(current_fragment="gate"))
    assert PROGRESS.of(standing).current_fragment == "gate"
    assert INVENTORY.of(standing).quantities() == {"boat": 2}
    assert PROGRESS.of(owned) == NarrativeProgress()
    assert standing.in_menu("shop").model_dump() == {
        **standing.model_dump(),
        "current_state": {**standing.current_state.model_dump(), "menu_context": "shop"},
    }


def test_a_document_of_before_the_feature_reads_as_nothing_kept_yet() -> None:
    users, *_ = collections_of(WITH_STREAK)
    older = state("7", 1).model_dump_json(by_alias=True)
    assert STREAK.of(users.model.model_validate_json(older)) == Streak()


def test_a_new_part_adds_to_the_validator_and_changes_nothing_else() -> None:
    before, after = (
        mongo_schema(collections_of(features)[0].model) for features in (FEATURES, WITH_STREAK)
    )
    added = after["properties"].pop("streak")
    assert added["properties"]["days"] == {"bsonType": ["int", "long"]}
    assert after == before


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("version", "has 'version' already"),
        ("inventory", "has 'inventory' already"),
        ("current_state.menu_context", "has 'menu_context' already"),
        ("nowhere.gift", "no group 'nowhere'"),
    ],
)
def test_a_part_in_a_place_that_is_taken_or_missing_is_refused(path: str, why: str) -> None:
    with pytest.raises(StartupError, match=why):
        composed(UserState, (INVENTORY, PROGRESS, StatePart(path, Streak)))


def test_a_part_that_no_listed_feature_brings_is_not_there() -> None:
    with pytest.raises(AttributeError, match="streak"):
        STREAK.of(state("7", 1))
    with pytest.raises(AttributeError, match="inventory"):
        INVENTORY.of(UserState(id="7", version=1, created_at=MORNING, updated_at=MORNING))

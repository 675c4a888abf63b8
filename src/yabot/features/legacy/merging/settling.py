"""What a merge changes in a user's document. Pure functions; the time is a parameter."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from yabot import canonical
from yabot.features.legacy.merging.rules import Changes
from yabot.features.legacy.merging.things import ThingField, cache_of_names, is_plain
from yabot.features.legacy.state import LEGACY, Kept, OldChoice, OldThings
from yabot.features.narrative.state import PROGRESS, ChoiceMade, NarrativeProgress
from yabot.features.users.model import UserState


@dataclass(frozen=True, slots=True)
class Things:
    """Changes of one field: ``more`` and ``fewer`` by item id, and what is kept of their names."""

    more: Mapping[str, int]
    fewer: Mapping[str, int]
    kept: OldThings


def things(
    field: ThingField,
    kept: OldThings,
    ids: Mapping[str, str],
    gained: Mapping[str, int],
    lost: Mapping[str, int],
) -> Things:
    """``ids``: the item ids of those names for which there are items."""
    if not (gained or lost):
        return Things({}, {}, kept)
    unshelved = Counter(kept.unshelved)
    unshelved.update({name: many for name, many in gained.items() if name not in ids})
    # Things that were kept before there was an item for them are taken first.
    before = unshelved & Counter(lost)
    unshelved -= before
    left = Counter(lost) - before
    named = {each: name for name, each in ids.items() if not is_plain(field, name)}
    return Things(
        more={ids[name]: many for name, many in gained.items() if name in ids},
        fewer={ids[name]: many for name, many in left.items() if name in ids},
        kept=OldThings(names={**kept.names, **named}, unshelved=tuple(unshelved.elements())),
    )


def with_progress(state: UserState, changes: Changes, at: datetime) -> UserState:
    """The state with changes in the story; names that can be no ids here are kept apart."""
    progress, kept = PROGRESS.of(state), LEGACY.of(state)
    visited, elsewhere = _split(changes.visited)
    progress = progress.model_copy(
        update={
            "completed_fragments": (*progress.completed_fragments, *visited),
            "choices_made": _choices(progress, changes.choices, at),
        }
    )
    kept = kept.model_copy(
        update={
            "visited": (*kept.visited, *elsewhere),
            "choices": _other_choices(kept, changes.choices),
        }
    )
    if changes.moves:
        (here, there) = _placed(changes.fragment)
        progress = progress.model_copy(update={"current_fragment": here})
        kept = kept.model_copy(update={"fragment": there})
    return LEGACY.put(PROGRESS.put(state, progress), kept)


def with_fields(kept: Kept, changes: Changes) -> Kept:
    left = {name: value for name, value in kept.fields.items() if name not in changes.dropped}
    return kept.model_copy(update={"fields": {**left, **changes.unplaced}})


def _placed(fragment: str | None) -> tuple[str | None, str | None]:
    """The fragment first if it can be one of a story here, or else second; the other is None."""
    return (fragment, None) if fragment is None or _is_id(fragment) else (None, fragment)


def _split(names: Iterable[str]) -> tuple[list[str], list[str]]:
    ids: list[str] = []
    others: list[str] = []
    for name in names:
        (ids if _is_id(name) else others).append(name)
    return ids, others


def _choices(
    progress: NarrativeProgress, chosen: Mapping[str, str], at: datetime
) -> tuple[ChoiceMade, ...]:
    earlier = [kept for kept in progress.choices_made if kept.fragment_id not in chosen]
    made = [
        ChoiceMade(fragment_id=fragment, choice_id=choice, made_at=at)
        for fragment, choice in chosen.items()
        if _is_id(fragment) and _is_id(choice)
    ]
    return (*earlier, *made)


def _other_choices(kept: Kept, chosen: Mapping[str, str]) -> tuple[OldChoice, ...]:
    earlier = [each for each in kept.choices if each.fragment not in chosen]
    made = [
        OldChoice(fragment=fragment, choice=choice)
        for fragment, choice in chosen.items()
        if not (_is_id(fragment) and _is_id(choice))
    ]
    return (*earlier, *made)


@cache_of_names
def _is_id(name: str) -> bool:
    return canonical.story_id(name) == name

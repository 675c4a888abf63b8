"""What the new stores hold of a user, in the old bot's terms: reads back what ``merger`` has
written.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from yabot.features.items.inventory import INVENTORY
from yabot.features.legacy.record import OldUser, Role
from yabot.features.legacy.state import LEGACY, Kept
from yabot.features.narrative.state import PROGRESS
from yabot.features.subscriptions.terms import Term
from yabot.features.users.model import Profile, UserState


def of(profile: Profile, state: UserState, balance: int, term: Term | None) -> OldUser:
    """``term``: the one that gives access, else the newest, if there ever was one."""
    kept, progress = LEGACY.of(state), PROGRESS.of(state)
    owned = INVENTORY.of(state).quantities()
    role, until = _role(kept, term)
    choices = {each.fragment_id: each.choice_id for each in progress.choices_made}
    return OldUser(
        user_id=profile.user_id,
        first_name=profile.first_name,
        last_name=profile.last_name,
        username=profile.username,
        kisses=balance,
        role=role,
        vip_until=until,
        inventory=(*_things(owned, kept), *kept.inventory.unshelved),
        achievements=(*_achievements(owned, kept), *kept.achievements.unshelved),
        fragment=progress.current_fragment or kept.fragment,
        visited=(*progress.completed_fragments, *kept.visited),
        choices={each.fragment: each.choice for each in kept.choices} | choices,
        registered_at=profile.registration_date,
        unplaced=kept.fields,
    )


def _role(kept: Kept, term: Term | None) -> tuple[Role, datetime | None]:
    if term is None:
        return "free", None
    told = kept.term
    if told is None or told.given != term.end_date:
        return term.plan_type, term.end_date
    return told.role, None if told.until is None else datetime.fromisoformat(told.until)


def _things(owned: Mapping[str, int], kept: Kept) -> Iterator[str]:
    names = kept.inventory.names
    for item_id, quantity in owned.items():
        if item_id not in kept.achievements.names:
            yield from (names.get(item_id, item_id),) * quantity


def _achievements(owned: Mapping[str, int], kept: Kept) -> Iterator[str]:
    for item_id in owned:
        if item_id in kept.achievements.names:
            yield kept.achievements.names[item_id]

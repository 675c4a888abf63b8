"""A profile that an old bot saves, and the profile of which it is a change."""

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import blake2b

from yabot import canonical
from yabot.errors import InvalidInput
from yabot.features.legacy.access.marks import Mark, Profile, taken_off
from yabot.features.legacy.old_files.old_format import mirrored
from yabot.features.legacy.record import OldUser, Record, Refusal
from yabot.features.legacy.sources.fields import KNOWN
from yabot.features.legacy.sources.profile import interpret

# Repairs that are refused here: a profile's writer cannot have meant such values.
_REFUSED = {
    "unreadable": "cannot be read",
    "unknown": "is none that there is",
    "raised": "is less than nothing",
    "lowered": "is more than anybody can have",
}
# Fields of the old bot that have no place here.
_UNPLACED = {"last_daily_claim", "metadata"}


@dataclass(frozen=True, slots=True)
class Returned:
    """``plain`` is a copy of the profile, without its mark."""

    user_id: str
    plain: Profile
    mark: Mark | None

    @classmethod
    def read(cls, profile: object) -> "Returned":
        """Raises InvalidInput."""
        if not isinstance(profile, dict):
            raise InvalidInput("a profile must be a dictionary, as get_user_profile gives it")
        plain, mark = taken_off(profile)
        returned = cls(user_id_of(plain.get("telegram_id")), plain, mark)
        try:
            json.dumps(plain)
        except (TypeError, ValueError, RecursionError):
            raise returned.refusal("it holds what JSON does not have") from None
        # The caller goes on with theirs.
        return replace(returned, plain=deepcopy(plain))

    def compared(self, base: Profile | None) -> tuple[OldUser | None, OldUser]:
        """What ``base`` says, and what this profile says. A field of the old bot's that this
        profile lacks is taken from ``base``; so is any other field, if no mark tells whether this
        profile had it.

        Raises InvalidInput for a value that nobody can have meant.
        """
        before = None if base is None else self._interpreted(base)
        stays = {
            name: value
            for name, value in (base or {}).items()
            if name in KNOWN or self.mark is None
        }
        after = self._interpreted(stays | self.plain)
        odd = {(each.field, each.how) for each in before.repairs} if before else set()
        for each in after.repairs:
            if each.how in _REFUSED and (each.field, each.how) not in odd:
                raise self.refusal(f"{each.field} {_REFUSED[each.how]}")
        return None if before is None else before.user, after.user

    @property
    def digest(self) -> str:
        return blake2b(json.dumps(self.plain).encode(), digest_size=16).hexdigest()

    def refusal(self, why: str) -> InvalidInput:
        return InvalidInput(f"the profile of user {self.user_id} cannot be saved: {why}")

    def _interpreted(self, profile: Profile) -> Record:
        found = interpret(self.user_id, json.dumps(profile))
        if isinstance(found, Refusal):
            raise self.refusal(found.reason)
        return found


def user_id_of(telegram_id: object) -> str:
    """Raises InvalidInput."""
    found = canonical.user_id(str(telegram_id)) if type(telegram_id) in (int, str) else None
    if found is None:
        raise InvalidInput("telegram_id must be the id of a Telegram user, a whole number above 0")
    return found


def as_given(ours: OldUser) -> Profile:
    """``ours`` as the old bot would have written it, without unreadable values of its fields."""
    meant = {
        name: value
        for name, value in ours.unplaced.items()
        if name in _UNPLACED or name not in KNOWN
    }
    return taken_off(mirrored(ours.model_copy(update={"unplaced": meant}), 0, None, None))[0]

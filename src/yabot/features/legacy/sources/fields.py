"""The fields of one user, taken one by one; those that nobody takes have no place here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeVar

from yabot.features.besitos.model import MAX_AMOUNT
from yabot.features.legacy.record import How, Repair
from yabot.features.legacy.sources import values, verbatim

T = TypeVar("T")
Default = TypeVar("Default")
Needed = Literal["value", "name", "nothing"]
"""When a field counts as missing: if it has no value, only if it is not there at all, or never."""

KNOWN = (
    *("telegram_id", "username", "first_name", "last_name", "kisses", "inventory", "achievements"),
    *("role", "vip_expiry", "last_daily_claim", "current_narrative_fragment"),
    *("visited_fragments", "narrative_choices", "registered_at", "metadata"),
)
"""The fields that a report may name: any other field's name may be a person's."""
UNKNOWN = "unplaced"


class Fields:
    """When all fields are taken, ``repairs`` says what was not as it should have been."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._left = dict(found)
        self._odd: dict[str, Any] = {}
        self.repairs: list[Repair] = []

    def take(
        self, name: str, read: values.Reader[T], default: Default, needed: Needed = "value"
    ) -> T | Default:
        """The field, or ``default``."""
        value = self.take_raw(name, needed)
        if value is None or value == "":
            return default
        try:
            found, how = read(value)
        except values.Unreadable:
            self._odd[name] = value
            is_other_role = name == "role" and isinstance(value, str)
            self.note(name, "unknown" if is_other_role else "unreadable")
            return default
        if how is not None:
            self.note(name, how)
        return found

    def take_raw(self, name: str, needed: Needed = "value") -> Any:
        """As it stands, or None."""
        is_there = name in self._left
        value = self._left.pop(name, None)
        if value is None or value == "":
            if needed == "value" or (needed == "name" and not is_there):
                self.note(name, "missing")
            return None
        return value

    def take_kisses(self, name: str, default: int) -> int:
        """Whole, not negative, and no more than can be posted at once."""
        value = self._left.pop(name, None)
        try:
            says = values.amount(value)
        except values.Unreadable:
            if value in (None, ""):
                self.note(name, "missing", Decimal(-default))
            else:
                self._odd[name] = value
                self.note(name, "unreadable", Decimal(-default))
            return default
        if isinstance(value, str):
            self.note(name, "converted")
        whole = values.whole(says)
        if whole != says:
            self.note(name, "rounded_down", says - whole)
        bounded = min(max(whole, Decimal(0)), Decimal(MAX_AMOUNT))
        if bounded != whole:
            self.note(name, "raised" if whole < 0 else "lowered", whole - bounded)
        return int(bounded)

    def put_back(self, name: str, value: Any) -> None:
        """Count the field among those that have no place here."""
        self._left[name] = value

    def unplaced(self) -> dict[str, Any]:
        """All that nobody has taken, and what could not be read."""
        found, as_text = verbatim.kept(self._left | self._odd)
        # Fields that could not be read have been noted already.
        for each in (name for name in as_text if name not in self._odd):
            self.note(each if each in KNOWN else UNKNOWN, "kept_as_text")
        return found

    def note(self, field: str, how: How, besitos: Decimal = Decimal(0)) -> None:
        self.repairs.append(Repair(field, how, besitos))

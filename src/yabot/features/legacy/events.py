from typing import ClassVar, Literal

from pydantic import Field

from yabot.events.envelope import EventPayload

Phase = Literal["importing", "dual", "completed", "rolling_back", "rolled_back"]
Reason = Literal["too_many_refused", "verification_failed"]


class LegacyMigrationChanged(EventPayload):
    """The migration from the old bot has entered a phase."""

    event_type: ClassVar[str] = "legacy_migration_changed"

    migration: int = Field(description="counts the migrations from 1")
    phase: Phase
    reason: Reason | None = Field(
        default=None, description="why, where the program has done it by itself"
    )


EVENTS = (LegacyMigrationChanged,)

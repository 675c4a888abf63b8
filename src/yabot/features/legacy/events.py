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


class LegacyUserImported(EventPayload):
    """What the bot before this one had of a user has been brought here, or what has changed of it
    there since. The events of all that it consists in stand before it."""

    event_type: ClassVar[str] = "legacy_user_imported"
    needs_user: ClassVar[bool] = True

    outcome: Literal["imported", "merged"] = Field(
        description="imported: the user is here because of it; merged: they were here before"
    )
    besitos: int = Field(description="how many they have more by it; below 0, fewer")


EVENTS = (LegacyMigrationChanged, LegacyUserImported)

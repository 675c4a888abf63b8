from typing import ClassVar

from pydantic import Field

from yabot.events.envelope import EventPayload


class ItemAcquired(EventPayload):
    """A reader has come to own something."""

    event_type: ClassVar[str] = "item_acquired"
    needs_user: ClassVar[bool] = True

    item_id: str
    quantity: int = Field(description="how many more they have now")
    transaction_id: str = Field(
        description="of the ledger: what it was paid with; else the request, api:<service>:<key>"
    )


class ItemRemoved(EventPayload):
    """A reader owns something no more, or less of it."""

    event_type: ClassVar[str] = "item_removed"
    needs_user: ClassVar[bool] = True

    item_id: str
    quantity: int = Field(description="how many fewer they have now")
    transaction_id: str = Field(description="the request, api:<service>:<key>")


EVENTS = (ItemAcquired, ItemRemoved)

from typing import ClassVar

from pydantic import ConfigDict, Field

from yabot.events.envelope import EventPayload

# Neither event is frozen: the ledger corrects ``balance_after`` in the transaction, where it has
# locked the account.


class BesitosAwarded(EventPayload):
    """A reader has received besitos, as a reward or from another reader."""

    model_config = ConfigDict(frozen=False)

    event_type: ClassVar[str] = "besitos_awarded"
    needs_user: ClassVar[bool] = True

    amount: int
    reason: str = Field(description="what for, in a word: gift, or one of the source's own")
    source: str = Field(
        description="who gives: a part of the program, api:<service>, or gift for another reader"
    )
    balance_after: int = Field(description="what the reader has now")
    transaction_id: str = Field(
        description="of the ledger; the same one never moves money twice. For what another reader "
        "gave one that is only this event's: it does not tell who that was"
    )


class BesitosSpent(EventPayload):
    """A reader has given besitos away, for something or to another reader."""

    model_config = ConfigDict(frozen=False)

    event_type: ClassVar[str] = "besitos_spent"
    needs_user: ClassVar[bool] = True

    amount: int
    reason: str = Field(description="what for, in a word: gift, or one of the source's own")
    source: str = Field(
        description="who takes: a part of the program, api:<service>, or gift for another reader"
    )
    balance_after: int = Field(description="what the reader has now")
    transaction_id: str = Field(description="of the ledger; the same one never moves money twice")


EVENTS = (BesitosAwarded, BesitosSpent)

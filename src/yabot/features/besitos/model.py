"""A double-entry ledger in besitos: what one side gains, the other has given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from yabot.errors import InvalidInput

# These accounts may be negative: what they have given is what readers hold.
REWARDS, SHOP, MIGRATION = "system:rewards", "system:shop", "system:migration"
# Takes what a deleted reader leaves.
CLOSED = "closed"
MAX_AMOUNT = 10**12

Kind = Literal["award", "spend", "transfer", "closing"]

# The source of what readers had in another bot. Rewards ignore it: the move brings hints itself.
FROM_MIGRATION = "migration"

_BY_SOURCE = {"rewards": REWARDS, "shop": SHOP, FROM_MIGRATION: MIGRATION}


@dataclass(frozen=True, slots=True)
class Transaction:
    """``amount`` goes from one account to another; ``id`` is the key that its caller gave it."""

    id: str
    kind: Kind
    reason: str
    source: str
    payer: str
    payee: str
    amount: int

    @property
    def postings(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """What each account gains."""
        return (self.payer, -self.amount), (self.payee, self.amount)


@dataclass(frozen=True, slots=True)
class Movement:
    """One side of a transaction, as the reader sees it: negative when they gave.

    ``id`` rises with the reader's movements.
    """

    amount: int
    kind: Kind
    reason: str
    source: str
    transaction_id: str
    created_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Balance and movements as of one moment."""

    balance: int
    movements: list[Movement]


def reader_account(user_id: str) -> str:
    return f"user:{user_id}"


def system_account(source: str, otherwise: str) -> str:
    """The account on the other side when a part of the program gives or takes."""
    return _BY_SOURCE.get(source, otherwise)


def check_amount(amount: int) -> None:
    """Raises InvalidInput for an amount that cannot be moved."""
    if type(amount) is not int or not 1 <= amount <= MAX_AMOUNT:
        raise InvalidInput(
            f"{amount!r} is no amount of besitos; give a whole number from 1 to {MAX_AMOUNT}"
        )

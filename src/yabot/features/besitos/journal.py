"""All that one unit of work moves, written at once.

One statement for the whole unit, and not one for each movement, so that the second award of a
reader knows of the first, and so that accounts are always locked in the order of their ids: two
units never wait for each other in a ring.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from yabot.errors import GuardFailed
from yabot.features.besitos.model import Transaction, reader_account
from yabot.features.besitos.repository import new_account, posting_rows, transaction_row
from yabot.features.besitos.tables import accounts, postings, transactions
from yabot.storage.relational.database import insert_new
from yabot.storage.relational.prepared import Prepared
from yabot.storage.relational.unit_of_work import UnitOfWork, guard


@dataclass(slots=True)
class Account:
    """A reader's account as it was read, and what the unit changes."""

    user_id: str
    # None: it has to be opened.
    seen: int | None
    change: int = 0
    earned: int = 0
    moved: bool = False

    @property
    def id(self) -> str:
        return reader_account(self.user_id)

    @property
    def balance(self) -> int:
        """After everything that the unit has moved so far."""
        return (self.seen or 0) + self.change

    def move(self, gained: int, *, awarded: bool) -> None:
        self.moved = True
        self.change += gained
        self.earned += gained if awarded else 0


@dataclass(slots=True, eq=False)
class Journal:
    """A statement of the unit. Accounts that were only looked at are neither locked nor guarded."""

    cause_id: str
    # Both by their ids.
    accounts: dict[str, Account] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)

    @classmethod
    def of(cls, work: UnitOfWork) -> "Journal":
        """The unit's own, or a new one, which the unit gets with the first transaction."""
        kept = (each for each in work.statements if isinstance(each, cls))
        return next(kept, None) or cls(work.cause.id)

    def holds(self, account_id: str, amount: int) -> bool:
        account = self.accounts.get(account_id)
        return account is not None and account.balance >= amount

    def record(self, work: UnitOfWork, transaction: Transaction) -> None:
        """The accounts must have been looked up, and have what they give."""
        self.transactions[transaction.id] = transaction
        for account_id, gained in transaction.postings:
            if account_id in self.accounts:
                self.accounts[account_id].move(gained, awarded=transaction.kind == "award")
        # Last, because a reader whom this unit registers has to be there before their account is.
        if self in work.statements:
            work.statements.remove(self)
        work.run(self)

    def __call__(self, connection: Connection) -> None:
        for key in sorted(self.transactions):
            self._begin(connection, self.transactions[key])
        for _, account in sorted(self.accounts.items()):
            if account.moved:
                _change(connection, account)
        rows = [row for each in self.transactions.values() for row in posting_rows(each)]
        _add_postings.run_many(connection, rows)

    def _begin(self, connection: Connection, transaction: Transaction) -> None:
        row = transaction_row(transaction, self.cause_id)
        added = _add_transaction.run(connection, row) == 1
        guard(added, f"whether {transaction.id} has moved besitos")


_add_transaction = Prepared(lambda connection: insert_new(connection, transactions))
_add_postings = Prepared(insert(postings))
_reopen = (
    update(accounts)
    .where(accounts.c.id == bindparam("account"), accounts.c.user_id.is_(None))
    .values(user_id=bindparam("user"))
)
_move = Prepared(
    update(accounts)
    .where(
        accounts.c.id == bindparam("account"),
        accounts.c.user_id == bindparam("user"),
        accounts.c.balance == bindparam("seen"),
    )
    .values(
        balance=accounts.c.balance + bindparam("change"),
        earned=accounts.c.earned + bindparam("gain"),
    )
)


def _change(connection: Connection, account: Account) -> None:
    if account.seen is None:
        _open(connection, account)
    values = {
        "account": account.id,
        "user": account.user_id,
        "seen": account.seen or 0,
        "change": account.change,
        "gain": account.earned,
    }
    moved = _move.run(connection, values) == 1
    guard(moved, f"the account of user {account.user_id}")


def _open(connection: Connection, account: Account) -> None:
    """For the first time, or again for one who was deleted and has come back."""
    try:
        row = new_account(account.user_id)
        if connection.execute(insert_new(connection, accounts), row).rowcount == 1:
            return
        values = {"account": account.id, "user": account.user_id}
        reopened = connection.execute(_reopen, values).rowcount == 1
    except IntegrityError as error:
        raise GuardFailed(f"user {account.user_id} has been deleted meanwhile") from error
    guard(reopened, f"the account of user {account.user_id}")

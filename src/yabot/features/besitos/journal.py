"""All movements of one unit of work, written at once.

One statement for the whole unit, and not one for each movement, so that the second award of a
reader knows of the first, and so that accounts are always locked in the order of their ids: two
units never deadlock.

A giver's balance at the commit must be the one on which the unit was decided. No decision depends
on a receiver's balance: many may give to one reader at once, and none decides again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from yabot.errors import GuardFailed
from yabot.features.besitos.events import BesitosAwarded, BesitosSpent
from yabot.features.besitos.model import Transaction, reader_account
from yabot.features.besitos.repository import Opened, new_account, posting_rows, transaction_row
from yabot.features.besitos.tables import accounts, postings, transactions
from yabot.features.users.repository import hold
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import insert_new
from yabot.storage.relational.prepared import Prepared

Told = BesitosAwarded | BesitosSpent


@dataclass(slots=True)
class Account:
    """A reader's account as it was read, and what the unit changes."""

    user_id: str
    # None: it has to be opened.
    seen: Opened | None
    # Whether the decision depends on the balance that was read.
    relied_on: bool = False
    # The account is new: this unit registers its reader, for the first time.
    is_first: bool = False
    moved: bool = False
    change: int = 0
    earned: int = 0
    # The events of its movements, each with ``change`` as it was then.
    told: list[tuple[Told, int]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return reader_account(self.user_id)

    @property
    def balance(self) -> int:
        """After everything that the unit has moved so far."""
        return (self.seen.balance if self.seen else 0) + self.change

    def move(self, gained: int, *, awarded: bool) -> None:
        self.moved = True
        self.change += gained
        self.earned += gained if awarded else 0

    def tell(self, event: Told) -> None:
        """Remember ``event``, which tells of the last movement."""
        self.told.append((event, self.change))

    def settle(self, balance: int) -> None:
        """Correct the events' ``balance_after``; ``balance`` is the account's after the commit."""
        for event, change in self.told:
            event.balance_after = balance - self.change + change


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
        return work.find(cls) or cls(work.cause.id)

    def rely_on(self, account_id: str, amount: int) -> bool:
        """Whether the account has ``amount``; if so, the commit fails should the balance change."""
        account = self.accounts.get(account_id)
        if account is None or account.balance < amount:
            return False
        account.relied_on = True
        return True

    def know(self, account: Account) -> None:
        """Add an account that was read for this decision; one that the unit has already is kept."""
        self.accounts.setdefault(account.id, account)

    def record(self, work: UnitOfWork, transaction: Transaction) -> None:
        """The readers' accounts must have been looked up, and the payer must have the amount."""
        self.transactions[transaction.id] = transaction
        for account_id, gained in transaction.postings:
            if account_id in self.accounts:
                self.accounts[account_id].move(gained, awarded=transaction.kind == "award")
        # Last, because a reader whom this unit registers must exist before the account.
        if not (work.statements and work.statements[-1] is self):
            if self in work.statements:
                work.statements.remove(self)
            work.add(self)

    def __call__(self, connection: Connection) -> None:
        self._begin(connection)
        moved = [account for _, account in sorted(self.accounts.items()) if account.moved]
        _open_first([account for account in moved if account.is_first], connection)
        for account in moved:
            if not account.is_first:
                _change(connection, account)
        rows = [row for each in self.transactions.values() for row in posting_rows(each)]
        _add_postings.run_many(connection, rows)

    def _begin(self, connection: Connection) -> None:
        rows = [
            transaction_row(each, self.cause_id) for _, each in sorted(self.transactions.items())
        ]
        added = _add_transaction.run_many(connection, rows)
        asked = (
            f"whether {rows[0]['id']}" if len(rows) == 1 else f"which of {len(rows)} transactions"
        )
        guard(added == len(rows), f"{asked} has moved besitos")


_add_transaction = Prepared(lambda connection: insert_new(connection, transactions))
_add_account = Prepared(lambda connection: insert_new(connection, accounts))
_add_postings = Prepared(insert(postings))
_reopen = (
    update(accounts)
    .where(accounts.c.id == bindparam("account"), accounts.c.user_id.is_(None))
    .values(user_id=bindparam("user"))
    .returning(accounts.c.opened_after)
)
_any_balance = (
    update(accounts)
    .where(
        accounts.c.id == bindparam("account"),
        accounts.c.user_id == bindparam("user"),
        accounts.c.opened_after == bindparam("opened_after"),
    )
    .values(
        balance=accounts.c.balance + bindparam("change"),
        earned=accounts.c.earned + bindparam("gain"),
    )
    .returning(accounts.c.balance)
)
_this_balance = _any_balance.where(accounts.c.balance == bindparam("seen"))
_move, _move_from = Prepared(_any_balance), Prepared(_this_balance)


def _change(connection: Connection, account: Account) -> None:
    seen = account.seen or _open(connection, account)
    values: dict[str, object] = {
        "account": account.id,
        "user": account.user_id,
        "opened_after": seen.opened_after,
        "change": account.change,
        "gain": account.earned,
    }
    if account.relied_on:
        row = _move_from.first(connection, values | {"seen": seen.balance})
    else:
        row = _move.first(connection, values)
    if row is None:
        raise _changed(account)
    account.settle(row[0])


def _open_first(opened: Sequence[Account], connection: Connection) -> None:
    rows = [
        new_account(each.user_id) | {"balance": each.change, "earned": each.earned}
        for each in opened
    ]
    guard(_add_account.run_many(connection, rows) == len(rows), "who has an account")
    for each in opened:
        each.settle(each.change)


def _open(connection: Connection, account: Account) -> Opened:
    """Open the account for the first time, or again for a reader who was deleted and came back.

    A deletion locks the user before the account; so does this.
    """
    hold(account.user_id)(connection)
    try:
        row = new_account(account.user_id)
        if connection.execute(insert_new(connection, accounts), row).rowcount == 1:
            return Opened(balance=0, opened_after=0)
        values = {"account": account.id, "user": account.user_id}
        opened_after = connection.execute(_reopen, values).scalar()
    except IntegrityError as error:
        raise GuardFailed(f"user {account.user_id} has been deleted meanwhile") from error
    if opened_after is None:
        raise _changed(account)
    return Opened(balance=0, opened_after=opened_after)


def _changed(account: Account) -> GuardFailed:
    return GuardFailed(f"the account of user {account.user_id} has changed meanwhile")

"""Proves the ledger over all that is stored: nothing came from nowhere, and nothing was lost."""

from collections.abc import Iterator

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from yabot.features.besitos.tables import accounts, postings, transactions
from yabot.storage.relational.database import Database, take_time

_posted = func.coalesce(func.sum(postings.c.amount), 0)
_awarded = func.coalesce(
    func.sum(
        case(
            (
                and_(transactions.c.kind == "award", postings.c.id > accounts.c.opened_after),
                postings.c.amount,
            ),
            else_=0,
        )
    ),
    0,
)
_account = (
    select(
        accounts.c.id,
        accounts.c.balance,
        accounts.c.earned,
        _posted.label("posted"),
        _awarded.label("awarded"),
    )
    .select_from(accounts.outerjoin(postings).outerjoin(transactions))
    .group_by(accounts.c.id, accounts.c.balance, accounts.c.earned)
)
_accounts = _account.subquery()
_total: Select[int] = select(
    func.coalesce(func.sum(func.coalesce(_accounts.c.balance, _accounts.c.posted)), 0)
)
_wrong_accounts = (
    select(_accounts)
    .where(
        or_(
            _accounts.c.balance < 0,
            _accounts.c.balance != _accounts.c.posted,
            _accounts.c.earned != _accounts.c.awarded,
        )
    )
    .order_by(_accounts.c.id)
)
_wrong_transactions = (
    select(transactions.c.id, _posted.label("posted"), func.count(postings.c.id).label("number"))
    .select_from(transactions.outerjoin(postings))
    .group_by(transactions.c.id)
    .having(or_(_posted != 0, func.count(postings.c.id) < 2))
    .order_by(transactions.c.id)
)


async def audit_ledger(database: Database) -> list[str]:
    """One line for each row that breaks a rule; empty when all is well.

    Reads one snapshot of everything; may run beside the program. Raises StoreUnavailable.
    """
    return await database.read(lambda connection: list(_problems(connection)))


def _problems(connection: Connection) -> Iterator[str]:
    take_time(connection)
    total = connection.execute(_total).scalar_one()
    if total != 0:
        yield f"all accounts together: they sum to {total}, not to 0"
    for row in connection.execute(_wrong_transactions):
        yield f"transaction {row.id}: its {row.number} postings sum to {row.posted}"
    for account in connection.execute(_wrong_accounts):
        if account.balance < 0:
            yield f"account {account.id}: its balance is negative, {account.balance}"
        if account.balance != account.posted:
            yield (
                f"account {account.id}: its balance is {account.balance}, "
                f"its postings sum to {account.posted}"
            )
        if account.earned != account.awarded:
            yield (
                f"account {account.id}: it says that {account.earned} was earned, "
                f"its awards sum to {account.awarded}"
            )

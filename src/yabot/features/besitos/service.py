"""Besitos change hands: each movement has two sides, and the same key moves them once."""

from typing import Any, Literal

from uuid_utils import uuid7

from yabot.errors import InvalidInput
from yabot.features.besitos import gift_notices, repository
from yabot.features.besitos.events import BesitosAwarded, BesitosSpent
from yabot.features.besitos.journal import Account, Journal
from yabot.features.besitos.model import (
    REWARDS,
    SHOP,
    Movement,
    Overview,
    Transaction,
    check_amount,
    reader_account,
    system_account,
)
from yabot.features.users.service import UserService
from yabot.log.personal_data import SHOWN
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

# Only the first of each adds anything to the unit.
Award = Literal["awarded", "repeated", "unknown_reader"]
Spending = Literal["spent", "repeated", "insufficient", "unknown_reader"]
Transfer = Literal["transferred", "repeated", "insufficient", "unknown_sender", "unknown_recipient"]


class BesitosService:
    """Reads return what is committed; methods that move besitos only add to the unit of work.

    The commit raises GuardFailed when a giver's balance has changed since it was read. ``key`` is
    the transaction's id in the whole ledger: begin it with what it stands for, as ``gift:``. All
    raise InvalidInput for an amount that is not a whole number from 1, StoreUnavailable without
    SQL.
    """

    def __init__(self, database: Database, users: UserService) -> None:
        self._database = database
        self._users = users

    async def balance(self, user_id: str) -> int:
        """0 for an unknown user."""
        return (await self.totals(user_id))[0]

    async def earned(self, user_id: str) -> int:
        """All that was ever awarded to them, spent or not; gifts of other readers do not count."""
        return (await self.totals(user_id))[1]

    async def totals(self, user_id: str) -> tuple[int, int]:
        """``balance`` and ``earned`` as of one moment."""
        return await self._database.read(repository.totals(user_id))

    async def movements(self, user_id: str, before: int, limit: int) -> list[Movement]:
        """The newest ``limit`` movements with ids below ``before``, the newest first."""
        return await self._database.read(repository.movements(user_id, before, limit))

    async def overview(self, user_id: str, limit: int | None = None) -> Overview:
        """Balance and movements, the newest first and all without a ``limit``, as of one moment."""
        return await self._database.read(repository.overview(user_id, limit))

    async def moved_from(self, account_id: str, causes: str) -> int:
        """What a system account has given, less what it took, for causes whose ids begin with
        ``causes``, a prefix without LIKE wildcards. Reads all postings of the account.
        """
        return await self._database.read(repository.moved_from(account_id, causes))

    async def award(
        self, work: UnitOfWork, user_id: str, amount: int, *, reason: str, source: str, key: str
    ) -> Award:
        """Give besitos of the program's to a reader, who has then earned them.

        ``reason`` says what for, and has a text ``besitos-reason-<reason>``; ``source`` is the
        feature that gives; the rewards' account pays for features without an account.
        """
        check_amount(amount)
        journal, reader = await self._journal(work, key, user_id), reader_account(user_id)
        if journal is None:
            return "repeated"
        if reader not in journal.accounts:
            return "unknown_reader"
        payer = system_account(source, REWARDS)
        self._move(work, journal, Transaction(key, "award", reason, source, payer, reader, amount))
        return "awarded"

    async def spend(
        self, work: UnitOfWork, user_id: str, amount: int, *, reason: str, source: str, key: str
    ) -> Spending:
        """Take besitos from a reader; ``reason`` and ``source`` as for ``award``."""
        check_amount(amount)
        journal, reader = await self._journal(work, key, user_id), reader_account(user_id)
        if journal is None:
            return "repeated"
        if reader not in journal.accounts:
            return "unknown_reader"
        if not journal.rely_on(reader, amount):
            return "insufficient"
        payee = system_account(source, SHOP)
        self._move(work, journal, Transaction(key, "spend", reason, source, reader, payee, amount))
        return "spent"

    async def transfer(
        self,
        work: UnitOfWork,
        sender_id: str,
        recipient_id: str,
        amount: int,
        *,
        key: str,
        reason: str = "gift",
        source: str = "gift",
    ) -> Transfer:
        """Move besitos from one reader to another. Raises InvalidInput when they are the same."""
        check_amount(amount)
        if sender_id == recipient_id:
            raise InvalidInput(f"user {sender_id} cannot give besitos to themselves")
        payer, payee = reader_account(sender_id), reader_account(recipient_id)
        journal = await self._journal(work, key, sender_id, recipient_id)
        if journal is None:
            return "repeated"
        if payer not in journal.accounts:
            return "unknown_sender"
        # First, so that a sender with too little does not learn whether the recipient exists.
        if not journal.rely_on(payer, amount):
            return "insufficient"
        if payee not in journal.accounts:
            return "unknown_recipient"
        moved = Transaction(key, "transfer", reason, source, payer, payee, amount)
        self._move(work, journal, moved)
        return "transferred"

    def settle(
        self,
        work: UnitOfWork,
        account: Account,
        amount: int,
        *,
        reason: str,
        source: str,
        key: str,
    ) -> None:
        """As ``award``, or for a negative amount as ``spend``, with an account that was read
        before.

        The account must have what it gives; nothing is read. The commit raises GuardFailed for a
        ``key`` that has moved besitos.
        """
        check_amount(abs(amount))
        journal = Journal.of(work)
        journal.know(account)
        if amount > 0:
            payer = system_account(source, REWARDS)
            moved = Transaction(key, "award", reason, source, payer, account.id, amount)
        else:
            journal.rely_on(account.id, -amount)
            payee = system_account(source, SHOP)
            moved = Transaction(key, "spend", reason, source, account.id, payee, -amount)
        self._move(work, journal, moved)

    async def export(self, user_id: str) -> dict[str, Any]:
        # One read for both: otherwise ``earned`` might count an award that is not shown.
        found, (_, earned) = await self._database.read(
            lambda connection: (
                repository.overview(user_id, SHOWN)(connection),
                repository.totals(user_id)(connection),
            )
        )
        movements = [
            {
                "amount": movement.amount,
                "reason": movement.reason,
                "source": movement.source,
                "created_at": movement.created_at.isoformat(),
            }
            for movement in found.movements
        ]
        notices = await gift_notices.export(self._database, user_id)
        shown = {"balance": found.balance, "earned": earned, "movements": movements}
        return {"besitos": shown, **notices}

    def erase(self, work: UnitOfWork, user_id: str) -> None:
        work.add(repository.close_account(user_id, work.cause.id))
        work.add(gift_notices.erase(user_id))

    async def _journal(self, work: UnitOfWork, key: str, *user_ids: str) -> Journal | None:
        """The unit's journal, with these readers' accounts; None: ``key`` has moved besitos."""
        journal = Journal.of(work)
        unread = [each for each in user_ids if reader_account(each) not in journal.accounts]
        found = await self._database.read(repository.look_up(key, unread))
        if found.repeated or key in journal.transactions:
            return None
        for user_id in unread:
            seen = found.accounts.get(user_id)
            if seen is not None or await self._is_reader(work, user_id):
                journal.accounts[reader_account(user_id)] = Account(user_id, seen)
        return journal

    async def _is_reader(self, work: UnitOfWork, user_id: str) -> bool:
        """Whether the user exists, or is registered by this unit."""
        change = work.documents.get(user_id)
        if change is not None:
            return change.document is not None
        return await self._users.find(user_id) is not None

    @staticmethod
    def _move(work: UnitOfWork, journal: Journal, moved: Transaction) -> None:
        journal.record(work, moved)
        sides = (
            (BesitosSpent, moved.payer, moved.id),
            (BesitosAwarded, moved.payee, _id_for_payee(moved)),
        )
        for kind, account_id, transaction_id in sides:
            account = journal.accounts.get(account_id)
            if account is not None:
                event = kind(
                    amount=moved.amount,
                    reason=moved.reason,
                    source=moved.source,
                    balance_after=account.balance,
                    transaction_id=transaction_id,
                )
                account.tell(event)
                work.publish(event, account.user_id)


def _id_for_payee(moved: Transaction) -> str:
    """The key of a gift contains the giver's id, so the receiver's event has another id."""
    return f"transfer:{uuid7()}" if moved.kind == "transfer" else moved.id

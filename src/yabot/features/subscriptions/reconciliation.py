"""Compares our charges with Telegram's list, and settles those that came by no message."""

from collections.abc import Sequence
from datetime import timedelta

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from yabot.clock import utc_now
from yabot.error_text import kind_of
from yabot.errors import StoreUnavailable
from yabot.features.subscriptions.charges import State, StoredCharge, digest_of
from yabot.features.subscriptions.payments import PaymentService
from yabot.features.subscriptions.plans import Charge
from yabot.features.subscriptions.replies import READ_ON, on_payment, on_refund
from yabot.features.subscriptions.statement import (
    GetRawStarTransactions,
    Json,
    charges_in,
    entries_in,
    refunds_in,
)
from yabot.features.subscriptions.terms import Term
from yabot.features.users.notices import Notices
from yabot.log.commit_log import CommitLog, Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.runtime.portions import portions

log = get_logger(__name__)

EVERY_SECONDS = 3600.0
# The most that Telegram lists at once.
PAGE = 100
# A refund that Telegram has not made by then was refused or given up. A day, because the list may
# lag, and because administrators, who have been alerted, may have removed the cause.
REPEAT_AFTER = timedelta(days=1)


class Reconciliation:
    """Reads the whole list at the start, and what is new in it every hour."""

    def __init__(
        self, bot: Bot, commits: CommitLog, payments: PaymentService, notices: Notices
    ) -> None:
        self._bot = bot
        self._commits = commits
        self._payments = payments
        self._notices = notices
        # How many transactions have been processed; the list grows only at its end.
        self._read = 0
        # The next ones, read but not processed yet. All pages are processed together, because a
        # charge and its refund may be on different pages.
        self._moved: list[Json] = []
        self.loop = WakingLoop("payments", self.reconcile, EVERY_SECONDS)

    async def reconcile(self) -> None:
        """Raises StoreUnavailable when Telegram or SQL does not answer; the next run goes on with
        the first page that is missing.
        """
        await self._read_on()
        moved = self._moved
        charges, refunds = charges_in(moved), refunds_in(moved)
        known = await self._payments.states(charges.keys() | refunds.keys())
        settled = refunds.keys() | known.keys()
        # In the order of the list: which plan is the newest depends on it.
        unknown = [charge for each, charge in charges.items() if each not in settled]
        await self._settle_or_leave(unknown)
        for charge_id, refund in refunds.items():
            if await self._is_news(refund, known.get(charge_id)):
                await self._note_refund(refund)
        self._read += len(moved)
        self._moved = []
        for stored in await self._payments.refunding_since(utc_now() - REPEAT_AFTER):
            await self._repeat_refund(stored)

    async def _read_on(self) -> None:
        while True:
            page = await self._page(self._read + len(self._moved))
            self._moved += page
            if len(page) < PAGE:
                return

    async def _page(self, offset: int) -> list[Json]:
        try:
            return entries_in(await self._bot(GetRawStarTransactions(offset=offset, limit=PAGE)))
        except TelegramAPIError as error:
            raise StoreUnavailable("Telegram", kind_of(error)) from error

    async def _settle_or_leave(self, unknown: Sequence[Charge]) -> None:
        elsewhere = []
        for charge in unknown:
            if await self._payments.was_paid_here(charge):
                await self._settle(charge)
            else:
                elsewhere.append(charge)
        if elsewhere:
            log.warning("payments.left", charges=len(elsewhere))
        # Nobody here could decide on charges for another bot's invoices.
        ours = [charge for charge in elsewhere if charge.is_ours]
        for portion in portions(ours, PAGE):
            await self._leave(portion)

    async def _leave(self, found: Sequence[Charge]) -> None:
        async def leave(work: UnitOfWork) -> None:
            await self._payments.leave(work, found)

        await self._decide("left", " ".join(charge.charge_id for charge in found), leave)

    async def _is_news(self, refund: Charge, known: State | None) -> bool:
        if known is None:
            return await self._payments.was_paid_here(refund)
        return known != "refunded"

    async def _settle(self, charge: Charge) -> None:
        async def settle(work: UnitOfWork) -> None:
            settled = await self._payments.settle(work, charge)
            buttons = READ_ON if isinstance(settled, Term) else ()
            await self._notices.tell(
                work, charge.user_id, lambda t: on_payment(settled, t), buttons, asked_for=True
            )

        log.info("payment.found", user_id=charge.user_id)
        await self._decide("charge", charge.charge_id, settle)

    async def _note_refund(self, charge: Charge) -> None:
        async def note(work: UnitOfWork) -> None:
            lost = await self._payments.note_refund(work, charge)
            await self._notices.tell(
                work, charge.user_id, lambda t: on_refund(lost, charge.amount, t), asked_for=True
            )

        log.info("refund.found", user_id=charge.user_id)
        await self._decide("refunded", charge.charge_id, note)

    async def _repeat_refund(self, stored: StoredCharge) -> None:
        charge_id = stored.charge.charge_id

        async def ask_again(work: UnitOfWork) -> None:
            await self._payments.refund(work, charge_id, "Telegram has not made it yet")

        log.warning("refund.repeated", user_id=stored.charge.user_id)
        since = f":{stored.updated_at.isoformat()}"
        await self._decide("refund", charge_id, ask_again, since)

    async def _decide(
        self, kind: str, charge_ids: str, decision: Decision[None], since: str = ""
    ) -> None:
        """Commit a decision once for each ``kind``, charge (or charges) and ``since``.

        Raises GuardFailed when the state has changed during each attempt.
        """
        cause_id = f"{kind}:{digest_of(charge_ids)}{since}"
        await self._commits.decide(Cause("payments", cause_id, cause_id), decision)

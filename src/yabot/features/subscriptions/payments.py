"""Stars for subscriptions: each charge is honoured once or given back, wherever it is seen first.

Telegram reports a charge by a message, which may come twice or never, and in its list, which is
read at start and every hour. Both are settled here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from aiogram.methods import RefundStarPayment

from yabot.bot.outgoing import to_message
from yabot.clock import EPOCH, utc_now
from yabot.errors import TransientError
from yabot.features.subscriptions import charges
from yabot.features.subscriptions.charges import State, StoredCharge
from yabot.features.subscriptions.events import ChargesLeft, PaymentHeld
from yabot.features.subscriptions.plans import PERIOD, Charge, Plan
from yabot.features.subscriptions.service import SubscriptionService, as_json
from yabot.features.subscriptions.terms import Term
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database

log = get_logger(__name__)

# The most by which Telegram's clock and ours may differ.
CLOCKS_DIFFER = timedelta(days=1)
# A refund belongs to no chat, so that it is not erased together with one.
NO_CHAT = 0

# known: the charge was settled before. held: it is recorded, and a workflow tries it again.
Settled = Term | Literal["known", "refunding", "held"]
# The term that the refund has shortened, as it is then; None if there is none.
Refunded = Term | Literal["known"] | None


class PaymentService:
    """Methods that take a unit of work read, decide and add to it; the commit checks again."""

    def __init__(
        self,
        database: Database,
        users: UserService,
        subscriptions: SubscriptionService,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._now = now
        self._users = users
        self._subscriptions = subscriptions

    async def settle(self, work: UnitOfWork, charge: Charge) -> Settled:
        """Activate what the charge has bought, or give its Stars back when that cannot be."""
        stored = await self.find(charge.charge_id)
        if stored is not None and stored.state != "left":
            return "known"
        plan = charge.plan()
        if plan is None:
            reason = "it buys nothing that is on sale at its price"
            return self._give_back(work, charge, stored, reason)
        if await self._users.find(charge.user_id) is None:
            return self._give_back(work, charge, stored, "there is no such user")
        try:
            term = await self._activate(work, charge.user_id, plan)
        except TransientError:
            raise
        except Exception:
            log.exception("payment.held", user_id=charge.user_id)
            self._note(work, charge, stored, "paid")
            work.publish(PaymentHeld(charge_id=charge.charge_id), charge.user_id)
            return "held"
        self._note(work, charge, stored, "activated", term.start_date)
        return term

    async def was_paid_here(self, charge: Charge) -> bool:
        """Whether a charge known only from Telegram's list is this database's to honour or refund.

        It is not if it was paid to another bot that had our token, or belongs to another database,
        whether that is gone or in use right now.
        """
        if not charge.is_ours or charge.paid_at is None:
            return False
        user = await self._users.find(charge.user_id)
        if user is not None:
            return charge.paid_at >= await self._users.here_since(user) - CLOCKS_DIFFER
        recently = charge.paid_at >= self._now() - PERIOD
        return recently and await self._users.has_forgotten(charge.user_id)

    async def leave(self, work: UnitOfWork, found: Sequence[Charge]) -> None:
        """Note charges of ours that were not paid here, so that somebody can decide on them."""
        known = await self.states(charge.charge_id for charge in found)
        new = [charge for charge in found if charge.charge_id not in known]
        for charge in new:
            self._note(work, charge, None, "left")
        if new:
            work.publish(ChargesLeft(charges=len(new)))

    async def activate_held(self, work: UnitOfWork, charge_id: str) -> Settled:
        """Activate a charge that was held. Raises the error that prevents it."""
        stored = await self.find(charge_id)
        plan = stored.charge.plan() if stored else None
        if stored is None or stored.state != "paid":
            return "known"
        if plan is None or await self._users.find(stored.charge.user_id) is None:
            await self.refund(work, charge_id, "nobody can have what it bought any more")
            return "refunding"
        term = await self._activate(work, stored.charge.user_id, plan)
        self._note(work, stored.charge, stored, "activated", term.start_date)
        return term

    async def note_refund(self, work: UnitOfWork, charge: Charge) -> Refunded:
        """Note that Telegram has given the Stars back; what they had bought ends."""
        stored = await self.find(charge.charge_id)
        if stored is not None and stored.state == "refunded":
            return "known"
        self._note(work, charge, stored, "refunded")
        if stored is not None and stored.state == "left":
            # The payer hears of it from the one who gave it back.
            return "known"
        if stored is not None and stored.state == "activated":
            return await self._take_back(work, stored)
        return None

    async def refund(self, work: UnitOfWork, charge_id: str, reason: str) -> StoredCharge | None:
        """Ask Telegram to give a charge back; the time that it had bought ends at once.

        Returns the charge as it was before. None: it is unknown, or given back already.
        """
        stored = await self.find(charge_id)
        if stored is None or stored.state == "refunded":
            return None
        self._note(work, stored.charge, stored, "refunding")
        if stored.state != "refunding":
            work.add(charges.audit_refund(stored.charge, reason))
        _ask_for_refund(work, stored.charge)
        if stored.state == "activated":
            await self._take_back(work, stored)
        return stored

    async def find(self, charge_id: str) -> StoredCharge | None:
        return await self._database.read(charges.find(charge_id))

    async def states(self, charge_ids: Iterable[str]) -> dict[str, State]:
        """The states of those charges that are known, by id."""
        return await self._database.read(charges.states(charge_ids))

    async def refunding_since(self, before: datetime) -> list[StoredCharge]:
        """The charges whose refund was asked for before that moment, and not confirmed since."""
        return await self._database.read(charges.unsettled("refunding", before))

    async def ids_of(self, user_id: str) -> list[str]:
        """The ids of all charges that the user has ever paid."""
        return await self._database.read(charges.ids_of(user_id))

    async def newest(self, user_id: str, count: int) -> list[StoredCharge]:
        return await self._database.read(charges.newest(user_id, count))

    async def export(self, user_id: str) -> list[dict[str, Any]]:
        """The user's charges as they are stored, ready for JSON."""
        return as_json(await self._database.read(charges.rows(user_id)))

    def _give_back(
        self, work: UnitOfWork, charge: Charge, stored: StoredCharge | None, reason: str
    ) -> Settled:
        self._note(work, charge, stored, "refunding")
        work.add(charges.audit_refund(charge, reason))
        _ask_for_refund(work, charge)
        return "refunding"

    def _note(
        self,
        work: UnitOfWork,
        charge: Charge,
        stored: StoredCharge | None,
        becomes: State,
        earliest: datetime = EPOCH,
    ) -> None:
        """Set the charge's state. ``stored`` is the charge as it was read; None: not known yet.

        The change is never dated before ``earliest``: the term that was paid for may have begun
        while the clock was ahead, and a refund has to find that term.
        """
        now = self._now()
        since = max(now, earliest)
        if stored is None:
            work.add(charges.add(charge, becomes, now, since))
        else:
            work.add(charges.step(charge.charge_id, stored.state, becomes, since))

    async def _activate(self, work: UnitOfWork, user_id: str, plan: Plan) -> Term:
        """Add the activation to the unit, or nothing at all when it fails."""
        draft = work.draft()
        self._users.guard_known(draft, user_id)
        term = await self._subscriptions.activate(draft, user_id, plan)
        work.absorb(draft)
        return term

    async def _take_back(self, work: UnitOfWork, stored: StoredCharge) -> Term | None:
        charge = stored.charge
        return await self._subscriptions.take_back(
            work, charge.user_id, charge.amount, stored.updated_at
        )


def _ask_for_refund(work: UnitOfWork, charge: Charge) -> None:
    """A repetition does no harm: Telegram gives a charge back once."""
    method = RefundStarPayment(
        user_id=int(charge.user_id), telegram_payment_charge_id=charge.charge_id
    )
    work.send(to_message(method, NO_CHAT))

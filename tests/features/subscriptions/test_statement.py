"""Telegram's list of Stars, entry by entry: what is not known of one hides no other."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from yabot.features.subscriptions.plans import Charge
from yabot.features.subscriptions.statement import charges_in, entries_in, refunds_in

Json = dict[str, Any]
MARK = "confided-to-nobody"


def invoice(**changes: Any) -> Json:
    partner = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": {"id": 7, "is_bot": False, "first_name": MARK},
        "invoice_payload": "subscription:vip:7",
    }
    return {"id": "stx1", "amount": 250, "date": 1, "source": partner | changes}


PAID_AT = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
OURS = Charge("7", "subscription:vip:7", 250, charge_id="stx1", paid_at=PAID_AT)
OTHERS: list[Json] = [
    {},
    {"id": "a", "amount": 1, "date": 1},
    {"id": "b", "amount": 1, "date": 1, "source": {"type": "of_tomorrow"}},
    {"id": "c", "amount": 1, "date": 1, "source": MARK},
    {"id": "d", "amount": 1, "date": 1, "source": {"type": "user", "user": {"id": 8}}},
    {"id": "e", "amount": 1, "date": 1, "source": {"type": "fragment"}},
]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"type": "of_tomorrow"},
        {"user": {"id": 7}},
        {"gift": MARK, "paid_media": {}, "affiliate": []},
        {"transaction_type": None},
    ],
)
def test_a_charge_is_found_whatever_else_is_said_of_it(changes: Json) -> None:
    assert charges_in([*OTHERS, invoice(**changes), *OTHERS]) == {"stx1": OURS}


def test_a_charge_that_does_not_say_for_what_is_found_to_be_given_back() -> None:
    (charge,) = charges_in([invoice(invoice_payload=None)]).values()
    assert charge.plan() is None


@pytest.mark.parametrize("date", [None, MARK, -1, 10**30, True])
def test_a_charge_is_found_though_nobody_can_say_when_it_was_paid(date: Any) -> None:
    assert charges_in([invoice() | {"date": date}]) == {"stx1": replace(OURS, paid_at=None)}


def test_a_refund_is_found_as_well() -> None:
    moved = invoice()
    moved["receiver"] = moved.pop("source")
    assert charges_in([moved]) == {}
    assert refunds_in([moved]) == {"stx1": OURS}


@pytest.mark.parametrize("user", [None, {}, {"id": "7"}, MARK])
def test_a_charge_without_a_payer_is_told_and_hides_no_other(user: Any) -> None:
    with capture_logs() as logs:
        found = charges_in([invoice(user=user) | {"id": "stx2"}, invoice()])
    assert found == {"stx1": OURS}
    assert [entry["event"] for entry in logs] == ["payment.unreadable"]
    assert MARK not in str(logs)


@pytest.mark.parametrize("page", [None, [], MARK, {}, {"transactions": None}])
def test_an_empty_page_is_empty(page: Any) -> None:
    assert entries_in(page) == []


def test_what_is_no_entry_counts_as_one() -> None:
    """The next page begins behind it."""
    assert entries_in({"transactions": [None, invoice(), 7]}) == [{}, invoice(), {}]

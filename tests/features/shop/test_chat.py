"""/shop in the chat of the real program: looked at, asked for, confirmed, bought once."""

import json

import pytest

from tests.e2e.program import Program
from tests.e2e.reader import buttons
from tests.features.shop.counter import Customer, changed, without
from yabot.features.items.demo import demo_items
from yabot.playground.client import PlaygroundClient

FOR_SALE = [f"shop:{item.item_id}" for item in demo_items()]


@pytest.mark.criterion("3.1.3")
async def test_besitos_become_an_item(lucia: Customer) -> None:
    (shown,) = await lucia.reader.ask("/shop")
    assert "⛵ Un programa doblado en barco · 3 besitos" in shown["text"]
    assert "Tienes 20 besitos." in shown["text"]
    assert "En tus manos" not in shown["text"]
    assert buttons(shown) == FOR_SALE
    (question,) = await lucia.reader.press("shop:boat")
    assert "Flota, y en la vela aún se lee el reparto." in question["text"]
    assert question["text"].endswith("¿Trato hecho? Son 3 besitos y tienes 20.")
    yes, no = buttons(question)
    (said,) = await lucia.reader.press(yes)
    assert said["text"].endswith("Ya está en tus manos. Te quedan 17 besitos.")
    assert buttons(said) == ["shop"]
    await lucia.reader.until(lambda chat: not any(yes in buttons(each) for each in chat))

    assert lucia.inventory() == {"boat": 1}
    assert lucia.balance() == 17
    (spent,), (acquired,) = lucia.told("besitos_spent"), lucia.told("item_acquired")
    (key,) = lucia.payments()
    assert spent == {
        "amount": 3,
        "reason": "purchase",
        "source": "shop",
        "balance_after": 17,
        "transaction_id": key,
    }
    assert acquired == {"item_id": "boat", "quantity": 1, "transaction_id": key}
    assert no == "buy:no"
    assert await lucia.ledger_is_sound()


async def test_what_they_own_is_shown_in_the_shop_and_what_it_cost_in_the_balance(
    lucia: Customer,
) -> None:
    await lucia.buys("boat")
    await lucia.buys("boat")
    await lucia.buys("pencil")
    (shown,) = await lucia.reader.press("shop")
    owned = shown["text"].partition("En tus manos:\n")[2].partition("\n\n")[0]
    assert owned.splitlines() == ["⛵ Un programa doblado en barco × 2", "✏️ El lápiz de Remedios"]
    assert buttons(shown) == [each for each in FOR_SALE if each != "shop:pencil"]
    (told,) = await lucia.reader.ask("/balance")
    assert "−6 · algo que te compraste" in told["text"]
    assert lucia.inventory() == {"boat": 2, "pencil": 1}


async def test_it_speaks_the_readers_language(playing: Program) -> None:
    async with PlaygroundClient(playing.url) as client:
        mar = await Customer.new(playing.stores, client, 3, language="en")
        (shown,) = await mar.reader.ask("/shop")
        assert "⛵ A programme folded into a boat · 3 besitos" in shown["text"]
        said = await mar.buys("boat")
        assert said["text"].endswith("It is in your hands now. You have no besitos left.")


@pytest.mark.criterion("3.1.3")
async def test_one_button_buys_once_however_often_it_is_pressed(lucia: Customer) -> None:
    yes = await lucia.wants("boat")
    repeated = ("rejected", "repeated")
    assert await lucia.presses(yes, times=3) == [("ok", None), repeated, repeated]
    assert lucia.toasts() == ["Eso ya está pagado y en tus manos: con una vez basta."] * 2
    assert lucia.inventory() == {"boat": 1}
    assert len(lucia.told("item_acquired")) == len(lucia.payments()) == 1
    assert lucia.balance() == 17


async def test_two_questions_are_two_purchases(lucia: Customer) -> None:
    first, second = await lucia.wants("boat"), await lucia.wants("boat")
    assert first != second
    for yes in (first, second):
        await lucia.reader.press(yes)
    assert lucia.inventory() == {"boat": 2}
    assert lucia.balance() == 14


async def test_who_says_no_keeps_their_besitos(lucia: Customer) -> None:
    await lucia.wants("boat")
    (said,) = await lucia.reader.press("buy:no")
    assert said["text"] == "En el bolsillo se queda, por si vuelves."
    assert lucia.inventory() == {}
    assert lucia.balance() == 20


@pytest.mark.criterion("3.1.3")
async def test_who_has_too_little_is_told_what_is_missing(lucia: Customer) -> None:
    await lucia.reader.ask("/shop")
    (said,) = await lucia.reader.press("shop:brass_plate")
    assert "Cuesta 30 besitos. Te faltan 10" in said["text"]
    assert buttons(said) == []
    assert lucia.outcomes()[-1] == ("rejected", "insufficient")


@pytest.mark.criterion("3.1.3")
async def test_besitos_that_are_gone_by_the_time_of_the_press_buy_nothing(lucia: Customer) -> None:
    orange, thread = await lucia.wants("orange"), await lucia.wants("red_thread")
    await lucia.buys("orange")
    await lucia.reader.press(orange)
    (said,) = await lucia.reader.press(thread)
    assert "Cuesta 8 besitos. Te faltan 8" in said["text"]
    assert lucia.inventory() == {"orange": 2}
    assert lucia.balance() == 0
    assert await lucia.ledger_is_sound()


@pytest.mark.criterion("3.1.3")
async def test_a_price_that_has_changed_is_asked_for_again(lucia: Customer) -> None:
    yes = await lucia.wants("boat")
    with changed(lucia.stores, "boat", price=7):
        (asked,) = await lucia.reader.press(yes)
        assert asked["text"].startswith("El precio no es el que te dije")
        assert asked["text"].endswith("Son 7 besitos y tienes 20.")
        assert lucia.outcomes()[-1] == ("rejected", "price_changed")
        assert lucia.balance() == 20
        (said,) = await lucia.reader.press(buttons(asked)[0])
    assert "Te quedan 13 besitos" in said["text"]
    assert lucia.inventory() == {"boat": 1}


async def test_what_is_gone_is_outdated(lucia: Customer) -> None:
    yes = await lucia.wants("boat")
    with without(lucia.stores, "boat"):
        for late in ("shop:boat", yes):
            assert await lucia.presses(late) == [("rejected", "outdated")]
    assert lucia.toasts() == ["Eso ya no está a la venta. En /shop ves lo que hay hoy."] * 2
    assert lucia.balance() == 20


async def test_what_is_no_longer_for_sale_cannot_be_bought_but_is_still_owned(
    lucia: Customer,
) -> None:
    await lucia.buys("boat")
    yes = await lucia.wants("boat")
    with changed(lucia.stores, "boat", price=None):
        assert await lucia.presses(yes) == [("rejected", "outdated")]
        (shown,) = await lucia.reader.ask("/shop")
    assert "shop:boat" not in buttons(shown)
    assert "En tus manos:\n⛵ Un programa doblado en barco × 1" in shown["text"]
    assert lucia.inventory() == {"boat": 1}


async def test_of_what_is_unique_nobody_has_two(lucia: Customer) -> None:
    first, second = await lucia.wants("pencil"), await lucia.wants("pencil")
    await lucia.reader.press(first)
    for late in (second, "shop:pencil"):
        assert await lucia.presses(late) == [("rejected", "already_owned")]
    assert lucia.inventory() == {"pencil": 1}
    assert lucia.balance() == 14


async def test_who_is_forgotten_owns_nothing_when_they_come_back(lucia: Customer) -> None:
    await lucia.buys("boat")
    yes = await lucia.wants("magnet")
    exported = await lucia.reader.own_data()
    assert '"item_id": "boat"' in json.dumps(exported)
    (asked,) = await lucia.reader.ask("/forget")
    assert "También se pierde lo que tienes en las manos." in asked["text"]
    await lucia.reader.press("forget:yes")
    assert await lucia.presses(yes) == [("rejected", "unknown_user")]
    await lucia.reader.ask("/start")
    assert lucia.inventory() == {}
    assert await lucia.ledger_is_sound()

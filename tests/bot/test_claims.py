"""Two features that claim one command or button, and what no handler would ever answer, end the
start, with a sentence that names them.
"""

from collections.abc import Sequence

import pytest
from aiogram import F, Router
from aiogram.filters import Command, CommandStart, Filter
from aiogram.types import TelegramObject

from yabot.bot.claims import Claims
from yabot.bot.filters import Brings, FromOneOf, Pressed
from yabot.errors import StartupError

ADMINS = FromOneOf([7])


async def shop(_event: TelegramObject) -> None: ...


async def gift(_event: TelegramObject) -> None: ...


def claim(
    claims: Claims,
    feature: str,
    *filters: Filter | tuple[object, ...],
    commands: Sequence[str] = (),
    menu: Sequence[str] = (),
) -> None:
    """One handler for each of ``filters``."""
    routes, handler = Router(), shop if feature == "shop" else gift
    for each in filters:
        together = each if isinstance(each, tuple) else (each,)
        is_press = not any(isinstance(one, Command | Brings) for one in together)
        register = routes.callback_query.register if is_press else routes.message.register
        register(handler, *together)  # type: ignore[arg-type]
    claims.take(feature, routes, commands, menu)


@pytest.fixture
def claims() -> Claims:
    claims = Claims()
    patterns = ("shop", "shop:[a-z]{1,9}", "buy:no")
    presses = map(Pressed, patterns)
    claim(claims, "shop", Command("shop"), *presses, commands=["shop"], menu=["shop"])
    return claims


def test_what_is_a_features_own_is_taken(claims: Claims) -> None:
    claim(
        claims,
        "gift",
        CommandStart(deep_link=True),
        CommandStart(),
        (Command("refund"), ADMINS, Brings("text")),
        (Command("refund"), ADMINS),
        Command("gift", "present"),
        Pressed("gift|shopping:(a|b|shop)"),
        Pressed(r"present:\||gift:[|)]"),
        (Pressed("mine"), ADMINS),
        Pressed("mine"),
        (),
        commands=["start", "gift"],
        menu=["gift", "mine"],
    )


@pytest.mark.parametrize(
    ("filters", "commands", "said"),
    [
        (
            [Command("Gift", "SHOP")],
            ["gift"],
            "^features 'shop' and 'gift' both declare /shop, and",
        ),
        (
            [Command("gift")],
            ["gift", "shop"],
            "^features 'shop' and 'gift' both declare /shop, and",
        ),
        ([Command("gift")], ["gift", "day"], "^feature 'gift' declares /day, and has no handler"),
        (
            [Command("gift"), Command("gift")],
            [],
            "'gift': the handler gift takes /gift already, so",
        ),
        ([(Command("shop"), ADMINS)], [], "both declare /shop"),
    ],
)
def test_a_command_has_one_feature_and_a_handler(
    claims: Claims, filters: list[Filter], commands: list[str], said: str
) -> None:
    with pytest.raises(StartupError, match=said):
        claim(claims, "gift", *filters, commands=commands)


@pytest.mark.parametrize(
    "pattern", ["shop", "gift|shop", "gift|(?:a)|shop:x", "gift:[|]|buy:yes", "shop:.*"]
)
def test_two_features_do_not_take_the_same_buttons(claims: Claims, pattern: str) -> None:
    said = "^features 'shop' and 'gift' both take buttons whose data begin with '(shop|buy)', and"
    if "(?:" in pattern:
        said = "may fit the buttons of other features"
    with pytest.raises(StartupError, match=said):
        claim(claims, "gift", Pressed(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        ".*",
        "sho.",
        "(gift|shop)",
        "[a-z]+:x",
        "gift:?.*",
        "gift:*",
        "gift:{0,1}x",
        "gift|",
        "(?i)x",
    ],
)
def test_a_pattern_that_may_fit_anybodys_buttons_is_refused(claims: Claims, pattern: str) -> None:
    said = r"^feature 'gift': Pressed\(\".*\"\) may fit the buttons of other features: begin the"
    with pytest.raises(StartupError, match=said):
        claim(claims, "gift", Pressed(pattern))


def test_a_button_in_the_menu_has_a_handler(claims: Claims) -> None:
    said = "^feature 'gift' brings the button 'gift' to /menu, and has no handler for it: register"
    with pytest.raises(StartupError, match=said):
        claim(claims, "gift", Pressed("gift:[a-z]+"), menu=["gift"])


def test_a_button_is_taken_once(claims: Claims) -> None:
    said = "the handler gift takes the button 'gift:yes' already, so gift would never be asked"
    with pytest.raises(StartupError, match=said):
        claim(claims, "gift", Pressed("gift:yes"), Pressed("gift:yes"))


@pytest.mark.parametrize("first", [(), (F.data == "gift",), (ADMINS, Pressed("gift"))])
def test_behind_a_handler_of_all_buttons_nobody_would_be_asked(first: tuple[object, ...]) -> None:
    claims = Claims()
    claim(claims, "gift", first)
    said = "^feature 'gift': the handler gift may take the press of any button, and shop of 'shop'"
    with pytest.raises(StartupError, match=said):
        claim(claims, "shop", Pressed("shop"))

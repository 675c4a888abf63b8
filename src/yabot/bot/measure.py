"""Measures messages as Telegram does: what it would refuse, and what readers see of HTML."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from yabot.errors import TerminalError
from yabot.log.unit_of_work import Message

LONGEST = {"text": 4096, "caption": 1024}
MOST_ENTITIES = 100
MOST_BUTTONS = 100
MOST_DATA_BYTES = 64

_TAG = re.compile(r"<(?P<close>/?)[a-zA-Z][^<>]*>")
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
# Unicode categories that show nothing by themselves: control, format, surrogates, spaces, accents.
_BLANK = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
# Letters and a symbol that are drawn as nothing: fillers of Hangul and Khmer, Braille without dots.
_FILLERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")


class ButtonDataInvalid(TerminalError):
    """Telegram would refuse the message because of one button's data. The error names the button by
    its place, because label and data may hold what a reader has written.
    """

    code = "button_data_invalid"


def refusals(message: Message) -> Iterator[str]:
    """Why Telegram would refuse the call, each reason as the end of a sentence about the message.

    The HTML has to be well formed, which the story check of ``narrative`` ensures. Button data are
    not checked: no message is made with invalid ones.
    """
    parameters = json.loads(message.payload)
    for field, longest in LONGEST.items():
        if field in parameters:
            yield from _of_text(parameters[field], longest)
    rows = parameters.get("reply_markup", {}).get("inline_keyboard", [])
    yield from _of_buttons([button for row in rows for button in row])


def plain_text(html: str) -> str:
    """What readers see of ``html``. A reference to a surrogate becomes that surrogate."""
    return _REFERENCE.sub(_character, _TAG.sub("", html))


def units(text: str) -> int:
    """The length of a text for Telegram, in UTF-16 code units."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def is_button_data(data: str) -> bool:
    return 0 < len(data.encode(errors="surrogatepass")) <= MOST_DATA_BYTES


def require_button_data(keyboard: Iterable[Iterable[tuple[str, str | None]]]) -> None:
    """Raises ButtonDataInvalid. A button is its text and its callback data, which are None if it
    opens an address or pays.
    """
    for row, buttons in enumerate(keyboard, 1):
        for place, (_, data) in enumerate(buttons, 1):
            if data is not None and not is_button_data(data):
                carried = len(data.encode(errors="surrogatepass"))
                raise ButtonDataInvalid(
                    f"button {place} in row {row} carries {carried} bytes of data; Telegram takes "
                    f"1 to {MOST_DATA_BYTES}: put an id into it, and read the rest when it is "
                    "pressed"
                )


def is_visible(text: str) -> bool:
    return any(
        unicodedata.category(character) not in _BLANK and character not in _FILLERS
        for character in text
    )


def _of_text(html: str, longest: int) -> Iterator[str]:
    shown = plain_text(html).strip()
    entities = sum(1 for tag in _TAG.finditer(html) if not tag["close"])
    if units(shown) > longest:
        yield f"a message of {units(shown)} characters; Telegram allows {longest}"
    if not is_visible(shown):
        yield "a message that shows nothing"
    if entities > MOST_ENTITIES:
        yield f"a message with {entities} marked places; Telegram allows {MOST_ENTITIES}"


def _of_buttons(buttons: list[dict[str, Any]]) -> Iterator[str]:
    if len(buttons) > MOST_BUTTONS:
        yield f"a message with {len(buttons)} buttons; Telegram allows {MOST_BUTTONS}"
    for button in buttons:
        if not is_visible(button["text"]):
            yield "a message with a button that shows nothing"


def _character(reference: re.Match[str]) -> str:
    if reference[1]:
        return _NAMED[reference[1]]
    number = int(reference[2]) if reference[2] else int(reference[3], 16)
    # Telegram leaves these as they are written.
    return chr(number) if 0 < number < 0x10FFFF else reference[0]

"""Which feature owns which commands and buttons. If two features claimed one, the handlers of the
later would silently never be asked; so the start is refused.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command

from yabot.bot.filters import Pressed, pressed_of
from yabot.errors import StartupError

# One piece of a pattern: an escaped character, a character class, or a single character.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
# If the colon were optional, the pattern would also fit the beginning of a longer word.
_FIRST_WORD = re.compile(r"([a-z0-9_]+)(?::(?![?*{])|\Z)")


class Claims:
    """The claims of all features, taken in the order of the features.

    The first word of a button's data, up to a colon, belongs to one feature: so no two patterns of
    different features fit the same data, whatever follows the word.
    """

    def __init__(self) -> None:
        # The owning feature, by command and by first word.
        self._commands: dict[str, str] = {}
        self._words: dict[str, str] = {}
        # A feature and its handler that may take any press, leaving none to later handlers.
        self._greedy: tuple[str, HandlerObject] | None = None

    def take(
        self, feature: str, router: Router, commands: Sequence[str], menu: Sequence[str]
    ) -> None:
        """Take the claims of a feature's handlers, and of its ``commands`` and buttons of /menu.

        Raises StartupError for a claim of an earlier feature, for a command or button that no
        handler answers, and for a handler that would never be asked.
        """
        self._take_commands(feature, router, commands)
        self._take_buttons(feature, router)
        for data in menu:
            if not any(pressed.fits(data) for _, pressed in _presses(router)):
                raise StartupError(
                    f"feature '{feature}' brings the button '{data}' to /menu, and has no handler "
                    f'for it: register one with Pressed("{data}"), or take it out of its `menu`'
                )

    def _take_commands(self, feature: str, router: Router, commands: Sequence[str]) -> None:
        handled = list(_commands(router))
        names = {name for _, name in handled}
        for name in sorted({*names, *commands}):
            if (other := self._commands.setdefault(name, feature)) != feature:
                raise StartupError(
                    f"features '{other}' and '{feature}' both declare /{name}, and that of "
                    f"'{feature}' would never be asked: give one of the two another name"
                )
        _require_all_asked(feature, ((handler, f"/{name}") for handler, name in handled))
        for name in commands:
            if name not in names:
                raise StartupError(
                    f"feature '{feature}' declares /{name}, and has no handler for it: register "
                    f'one with Command("{name}"), or take it out of its `commands`'
                )

    def _take_buttons(self, feature: str, router: Router) -> None:
        for handler in router.callback_query.handlers:
            if self._greedy is not None:
                whose, before = self._greedy
                raise StartupError(
                    f"feature '{whose}': the handler {_name(before)} may take the press of any "
                    f"button, and {_name(handler)} of '{feature}' behind it would not be asked: "
                    "let its first filter be a Pressed"
                )
            pressed = pressed_of(handler)
            if pressed is None:
                self._greedy = feature, handler
            else:
                self._take_words(feature, pressed.pattern)
        presses = ((handler, f"the button '{each.pattern}'") for handler, each in _presses(router))
        _require_all_asked(feature, presses)

    def _take_words(self, feature: str, pattern: str) -> None:
        for part in _alternatives(pattern):
            found = _FIRST_WORD.match(part)
            if found is None:
                raise StartupError(
                    f"feature '{feature}': Pressed(\"{pattern}\") may fit the buttons of other "
                    f"features: begin the data with a word of its own and a colon, '{feature}:'"
                )
            word = found[1]
            if (other := self._words.setdefault(word, feature)) != feature:
                raise StartupError(
                    f"features '{other}' and '{feature}' both take buttons whose data begin with "
                    f"'{word}', and those of '{feature}' would never be asked: begin the data "
                    "of one of the two with another word"
                )


def _commands(router: Router) -> Iterator[tuple[HandlerObject, str]]:
    for handler in router.message.handlers:
        for each in handler.filters or ():
            if isinstance(each.callback, Command):
                for name in each.callback.commands:
                    yield handler, str(name).lower()


def _presses(router: Router) -> Iterator[tuple[HandlerObject, Pressed]]:
    for handler in router.callback_query.handlers:
        pressed = pressed_of(handler)
        if pressed is not None:
            yield handler, pressed


def _require_all_asked(feature: str, taken: Iterable[tuple[HandlerObject, str]]) -> None:
    """``taken`` are handlers in their order, each with the command or button that it takes.

    Raises StartupError for one that comes after a handler which takes all of the same.
    """
    closed: dict[str, HandlerObject] = {}
    for handler, what in taken:
        if what in closed:
            raise StartupError(
                f"feature '{feature}': the handler {_name(closed[what])} takes {what} already, so "
                f"{_name(handler)} would never be asked: leave out one of the two"
            )
        if _has_one_condition(handler):
            closed[what] = handler


def _has_one_condition(handler: HandlerObject) -> bool:
    """Whether it takes its command or button from everybody, with any argument."""
    filters = [each.callback for each in handler.filters or ()]
    conditions = (getattr(each, name, None) for each in filters for name in ("magic", "deep_link"))
    return len(filters) == 1 and not any(conditions)


def _name(handler: HandlerObject) -> str:
    return getattr(handler.callback, "__qualname__", repr(handler.callback))


def _alternatives(pattern: str) -> list[str]:
    """The pattern's alternatives: the parts between bars outside of parentheses."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts

"""Texts for readers, by language: Fluent files, one pair in each feature's package."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Resource

from yabot import canonical

LANGUAGES = ("es", "en")
DEFAULT_LANGUAGE = "es"
FRAMEWORK_TEXTS = Path(__file__).parent / "texts"

# A moment is shown as the text says: { DATETIME($until, dateStyle: "long") }.
Variable = str | int | datetime
# A text by its key, with its variables: ready to be sent as HTML.
Localizer = Callable[..., str]


class Texts:
    """All texts of all features; a key is declared once, and in every language."""

    def __init__(self, folders: Iterable[Path]) -> None:
        folders = (FRAMEWORK_TEXTS, *folders)
        self._bundles = {language: _bundle(language, folders) for language in LANGUAGES}

    def localizer(self, language: str | None) -> Localizer:
        """The texts in the ``closest_language`` of a code, as Telegram gives it."""
        bundle = self._bundles[closest_language(language)]

        def text(key: str, **variables: Variable) -> str:
            return _format(bundle, key, variables)

        return text


def closest_language(code: str | None) -> str:
    """Our language for any tag: English where we lack it, the default where there is no tag."""
    if not code:
        return DEFAULT_LANGUAGE
    language = (canonical.language(code) or "").partition("-")[0]
    return language if language in LANGUAGES else "en"


def _bundle(language: str, folders: Iterable[Path]) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    for folder in folders:
        bundle.add_resource(_resource(folder / f"{language}.ftl"))
    return bundle


@cache
def _resource(file: Path) -> Resource:
    """Parsed once: it takes a tenth of a start, and processes that are forked inherit it."""
    return FluentResource(file.read_text(encoding="utf-8"))


def _format(bundle: FluentBundle, key: str, variables: dict[str, Variable]) -> str:
    message = bundle.get_message(key)
    if message.value is None:
        raise KeyError(key)
    safe = {
        name: escape(value, quote=False) if isinstance(value, str) else value
        for name, value in variables.items()
    }
    formatted, errors = bundle.format_pattern(message.value, safe)
    if errors:
        raise errors[0]
    return str(formatted)

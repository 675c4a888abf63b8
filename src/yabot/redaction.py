"""Takes secrets out of everything that is about to be logged."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
MAX_DEPTH = 8
SHORT = 8
NAMES_REMEMBERED = 1024
# Texts up to this length, such as names of events and loggers, repeat in every line: cached.
REPEATED = 32

SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|pwd$|secret|token$|authorization|cookie|credential"
    r"|api[-_]?key|private[-_]?key|signature"
    # the private members of a JWK
    r"|^(?:d|p|q|dp|dq|qi|k)$",
    re.IGNORECASE,
)

# Every pattern runs in one pass: what repeats is possessive, so that nothing is tried twice, and
# begins where a run begins or with a word that cannot lie within what it reads.
# A group that looks ahead is atomic instead: before Python 3.11.5 a possessive one loses its place.
# Each keeps what its groups "before" and "after" hold and hides what lies between. Beside it stands
# what a text must hold for it to be tried, one of these: most lines of a log hold none.
_PATTERNS: tuple[tuple[tuple[str, ...], str], ...] = (
    # a private key in PEM, to its end, or to where it is cut
    (
        ("PRIVATE KEY-----",),
        r"(?P<before>-----BEGIN (?:[A-Z0-9]++ ){0,4}?PRIVATE KEY-----)(?>(?:[^-]++|-(?!----END))*)",
    ),
    # a bot token, alone or in the path of a Bot API address
    ((":", "%3"), r"(?<!\d)\d{6,}+(?::|%3[Aa])[A-Za-z0-9_-]{30,}+"),
    (("/bot",), r"(?P<before>/bot)\d++(?::|%3[Aa])[^/\s\"']++"),
    # the password of a URL, up to its last @; one with a slash in it, too, but no port
    (
        ("://",),
        r"(?P<before>(?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]*+://[^\s:/@\"']*+:)(?!\d{1,5}/)"
        r"(?>(?:[^\s/\"'@]++|/(?!/))*)(?>(?:@(?>(?:[^\s/\"'@]++|/(?!/))*)(?=@))*)(?P<after>@)",
    ),
    # the same, where somebody has taken it for a path
    (
        (":/",),
        r"(?P<before>(?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]*+:/[^\s:/@\"']*+:)"
        r"[^\s/\"'@]++(?P<after>@)",
    ),
    # credentials of HTTP, and tokens of JOSE, which may stand behind other letters of a word; the
    # second part of an encrypted one may be empty
    ((" ",), r"(?P<before>\b(?i:bearer|basic)\s++)[A-Za-z0-9._~+/=-]{8,}+"),
    (
        ("eyJ",),
        r"(?<![A-Za-z0-9_-])(?P<before>(?>[A-Za-z0-9_-]*?\b(?=eyJ)))"
        r"[A-Za-z0-9_-]{9,}+\.[A-Za-z0-9_-]*+\.[A-Za-z0-9_.-]*+",
    ),
    (
        (":", "="),
        r"(?P<before>(?i:authorization|cookie)[\\\"']*+\s*+[:=]\s*+[\\\"']*+)[^\\\"'\r\n]++",
    ),
    # name=value, name: value, "name": "value", ("name", "value"), also with the quotes escaped
    (
        (":", "=", ","),
        r"(?P<before>(?i:passw(?:or)?d|passphrase|\bpwd|secret|token|api[-_]?key"
        r"|private[-_]?key|credentials?)(?:[\\\"']++\s*+[:=,]|\s*+[:=])\s*+b?)"
        r"(?:\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'|\\++[\"'][^\"'\\]*+"
        r"|[^\s\"',;&)}\]]++)",
    ),
    # a private member of a JWK
    (
        (":",),
        r"(?P<before>[\"'](?:d|p|q|dp|dq|qi|k)[\\\"']++\s*+:\s*+[\\\"']++)[A-Za-z0-9_-]{20,}+",
    ),
)
PATTERNS = tuple(pattern for _, pattern in _PATTERNS)
COMPILED = tuple(map(re.compile, PATTERNS))


def _holding(marks: Iterable[str]) -> Callable[[str], object]:
    return re.compile("|".join(map(re.escape, marks))).search


_TRIED = tuple(
    (_holding(marks), compiled.sub)
    for (marks, _), compiled in zip(_PATTERNS, COMPILED, strict=True)
)
_MARKED = _holding({mark for marks, _ in _PATTERNS for mark in marks})

# A longer text is cut, with a margin for a secret that the cut would split.
LONGEST = 65_536
MARGIN = 4_096
MOST_ITEMS = 1_000


class Redactor:
    """Hides ``secrets`` wherever they occur, and whatever looks like a secret by form or name."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(_exactly, ordered))) if ordered else None
        self._margin = max(MARGIN, *map(len, ordered), 0)
        self._remembered = lru_cache(NAMES_REMEMBERED)(self._hidden)
        self._name = lru_cache(NAMES_REMEMBERED)(self._read_name)

    def text(self, text: str) -> str:
        """``text`` with every secret in it replaced by ``***``, and its end cut off if it is long.

        Takes time in proportion to the text's length.
        """
        if len(text) <= REPEATED:
            return self._remembered(text)
        if len(text) > LONGEST:
            shown = self._hidden(text[: LONGEST + self._margin])[: -self._margin]
            return f"{shown}… (cut; it had {len(text)} characters)"
        return self._hidden(text)

    def _hidden(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        if _MARKED(text):
            for marked, substitute in _TRIED:
                if marked(text):
                    text = substitute(_hide, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """``value`` as strings, numbers, lists and mappings, redacted all the way down.

        Any other value becomes the redacted text of its ``repr``; an error becomes its type's name.
        """
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            return self.mapping(value, depth)
        if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in islice(value, MOST_ITEMS)]
        return self.text(_readable(value))

    def mapping(self, mapping: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        """``mapping`` redacted; any value under a name such as ``password`` is hidden."""
        clean: dict[str, Any] = {}
        for key, value in islice(mapping.items(), MOST_ITEMS):
            name, is_secret = self._name(str(key))
            hidden = is_secret and value is not None
            clean[name] = HIDDEN if hidden else self.value(value, depth + 1)
        return clean

    def _read_name(self, name: str) -> tuple[str, bool]:
        return self.text(name), SECRET_NAME.search(name) is not None


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it is, and as URLs, JSON and reprs write it."""
    in_repr, in_json = repr(secret)[1:-1], json.dumps(secret)[1:-1]
    quoted = in_repr.replace("'", r"\'"), secret.replace("'", r"\'")
    return (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        in_repr,
        in_json,
        *quoted,
    )


def _exactly(secret: str) -> str:
    """A pattern for the secret; a short one must stand alone: ``a`` must not hide every word."""
    escaped = re.escape(secret)
    return escaped if len(secret) >= SHORT else rf"(?<!\w){escaped}(?!\w)"


def _hide(match: re.Match[str]) -> str:
    kept = match.groupdict()
    return f"{kept.get('before') or ''}{HIDDEN}{kept.get('after') or ''}"


def _readable(value: object) -> str:
    if isinstance(value, BaseException):
        return type(value).__name__  # its message may quote anything
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - logging must survive any object
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"

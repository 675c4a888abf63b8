"""What the redactor hides, and what it leaves alone."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.regex_steps import Steps
from tests.tiers import examples
from yabot.redaction import COMPILED, HIDDEN, LONGEST, PATTERNS, Redactor

pytestmark = pytest.mark.criterion("sec.4")
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIOr0\nYq+/x==\n-----END EC PRIVATE KEY-----"
JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "public-point-0123456789",
    "d": "0123456789abcdef-_private",
}
JWE = "eyJhbGciOiJFQ0RILUVTIn0..aXZpdml2.Y2lwaGVydGV4dA.dGFn"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzdG9yeSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"cannot reach https://api.telegram.org/bot{TOKEN}/getMe", "/bot***/getMe"),
        ("https://api.telegram.org/bot123:short-one/getMe", "/bot***/getMe"),
        (f"https://h/?u=/bot{TOKEN.replace(':', '%3A')}/x", "/bot***/x"),
        (f"token is {TOKEN}.", "token is ***."),
        ("mongodb://ana:p%40ss@db:27017/x", "mongodb://ana:***@db:27017/x"),
        ("postgresql+psycopg://ana:p:a@ss@db/x", "postgresql+psycopg://ana:***@db/x"),
        ("redis://:hush@db", "redis://:***@db"),
        ("Authorization: Digest user=a, response=b", "Authorization: ***"),
        ("sent Bearer abcdefgh.ijk today", "sent Bearer *** today"),
        (f"got {JWT} from them", "got *** from them"),
        ("password='two words', user='ana'", "password=***, user='ana'"),
        ('{"api_key": "k-1", "n": 1}', '{"api_key": ***, "n": 1}'),
        (r"{\"password\": \"hush\"}", r"{\"password\": ***\"}"),
        ("X-Telegram-Bot-Api-Secret-Token: hush", "X-Telegram-Bot-Api-Secret-Token: ***"),
        (
            "[(b'x-secret-token', b'hush'), (b'a', b'b')]",
            "[(b'x-secret-token', b***), (b'a', b'b')]",
        ),
        ("Cookie: session=abc; other=def", "Cookie: ***"),
        (f"got {JWE} from them", "got *** from them"),
        (f"{PEM}\nand more", "-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----\nand"),
        (repr(PEM), "'-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----'"),
        (PEM[:60] + "… (cut)", "-----BEGIN EC PRIVATE KEY-----***"),
        (json.dumps(JWK), '"x": "public-point-0123456789", "d": "***"}'),
        (json.dumps(json.dumps(JWK)), r"\"d\": \"***\"}"),
        (repr(JWK), "'x': 'public-point-0123456789', 'd': '***'}"),
        ("mongodb://ana:p/a/ss@db:27017/x", "mongodb://ana:***@db:27017/x"),
        ("postgresql:/ana:hush@h/d cannot be read", "postgresql:/ana:***@h/d cannot be read"),
        ("host=h user=u pwd=hush", "user=u pwd=***"),
        ("https://h/?a=/bot123456789%3AAAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr", "/bot***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert shown in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "mongod.started",
        "2026-11-20T10:00:00.000000Z 127.0.0.1:27017 fe80::1",
        "https://example.org:8443/a/b?x=1&y=2",
        "0190163d-8694-739b-aea5-966c26f8ad91",
        "c:gate:enter",
        "the basic idea and the bearer of news",
        "https://example.org:8443/@ana/a@b",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        '{"kid": "k", "n": 2, "q": "who"}',
        "no token, no password, and no secret place",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor(["hush"]).text(text) == text


@pytest.mark.parametrize(
    "value",
    [
        {"password": "x1"},
        {"REDIS_PASSWORD": "x1"},
        {"access_token": "x1"},
        {"headers": [{"Authorization": ("Basic", "x1")}]},
        {"deep": {"er": {"client_secret": {"of": "x1"}}}},
        {"keys": [{"kty": "OKP", "d": "x1"}]},
    ],
)
def test_values_under_secret_names_are_hidden_whatever_they_are(value: dict[str, Any]) -> None:
    assert "x1" not in str(Redactor().mapping(value))


def test_that_a_secret_is_not_set_may_be_seen() -> None:
    assert Redactor().mapping({"token": None}) == {"token": None}


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    assert Redactor(["abc"]).text("abc, xabcx and (abc)") == "***, xabcx and (***)"


def test_an_object_that_cannot_be_shown_does_no_harm() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "Broken" in Redactor().mapping({"it": Broken()})["it"]


def test_a_structure_that_holds_itself_comes_to_an_end() -> None:
    loop: list[Any] = ["hush-hush"]
    loop.append(loop)
    assert "hush-hush" not in str(Redactor(["hush-hush"]).value(loop))


@st.composite
def texts(
    draw: st.DrawFn, edges: st.SearchStrategy[str], pieces: st.SearchStrategy[str]
) -> Callable[[int], str]:
    """One and the same, of any length: what is repeated between a beginning and an end."""
    begin, end = draw(edges), draw(edges)
    middle = "".join(draw(st.lists(pieces, min_size=1, max_size=5)))
    return lambda times: begin + middle * times + end


PIECES = (
    "a",
    "1",
    "-eyJ",
    "eyJ.",
    "a.",
    "://a:",
    "a@",
    "token=",
    '"',
    "\\",
    "'",
    "/bot1",
    "://a:/",
    "a:/b:",
    ",",
    "-",
    "-----BEGIN ",
    "A ",
    "PRIVATE KEY-----",
    "'d':'",
    " ",
    "\n",
)


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=examples(40))
@given(text=texts(st.sampled_from(PIECES), st.sampled_from(PIECES)))
def test_twice_the_text_takes_twice_the_steps(pattern: str, text: Callable[[int], str]) -> None:
    steps = []
    for times in (20, 40):
        counting = Steps(pattern)
        spans = counting.spans(text(times))
        assert spans == [match.span() for match in re.finditer(pattern, text(times))]
        steps.append(counting.taken)
    assert steps[1] < 2.5 * steps[0]


@pytest.mark.standard
@pytest.mark.parametrize("piece", PIECES)
def test_half_a_megabyte_does_not_keep_anybody_waiting(piece: str) -> None:
    """What is long is cut; what is nested is not, before each of its texts is looked at."""
    text = piece * (400_000 // len(piece))
    assert len(Redactor(["hush-hush"]).text(text)) < LONGEST + 100
    for pattern in COMPILED:
        pattern.sub(HIDDEN, text)


@pytest.mark.parametrize("before", range(LONGEST - 60, LONGEST + 60, 7))
def test_where_a_text_is_cut_no_half_of_a_secret_stays(before: int) -> None:
    known = "hush-" * 10
    for secret in (known, f"Bearer {'b' * 40}", f"password='{'two words ' * 20}'"):
        hidden = secret.removeprefix("Bearer ").removeprefix("password=")
        shown = Redactor([known]).text("é " * (before // 2) + secret + " é" * LONGEST)
        assert hidden[:12] not in shown

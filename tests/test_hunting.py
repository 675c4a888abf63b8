"""The hunt finds a secret however it is written, and nothing where there is none."""

import base64
import json
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hunting import PIECE, Hunt

SECRET = 'It\'s "quoted", 100% sécret/+\\and long-enough to be cut'
WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda s: quote(s, safe=""),
    "form-encoded": quote_plus,
    "JSON": json.dumps,
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "JSON of characters": lambda s: json.dumps(s, ensure_ascii=False),
    "repr": repr,
    "repr of bytes": lambda s: repr(s.encode()),
    "hexadecimal": lambda s: s.encode().hex(),
    "lines": lambda s: "\n".join(textwrap.wrap(s, 7)),
    "lines in JSON": lambda s: json.dumps({"e": "\n  ".join(textwrap.wrap(s, 9))}),
    "lines of base64": lambda s: "\n".join(textwrap.wrap(base64.b64encode(s.encode()).decode(), 9)),
    "its first half": lambda s: s[: len(s) // 2],
    "its second half": lambda s: s[len(s) // 2 :],
    "backwards": lambda s: s[::-1],
}


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_a_secret_is_found_however_it_is_written(form: str) -> None:
    output = f"before it {WRITTEN[form](SECRET)} behind it".encode()
    found = Hunt({"the secret": SECRET}).found({"log": output})
    assert found.startswith("log: the secret")


@given(before=st.binary(max_size=7), secret=st.text(min_size=2 * PIECE, max_size=60))
def test_base64_is_found_wherever_the_secret_begins(before: bytes, secret: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        output = encode(before + secret.encode() + b"behind")
        assert Hunt({"the secret": secret}).found({"log": output})


def test_what_holds_none_is_clean() -> None:
    hunt = Hunt({"the secret": SECRET, "a short one": "hush-71"})
    assert hunt.found({"log": b"It is 100% ordinary, and nobody minds"}) == ""
    assert "a short one" in hunt.found({"log": b"said hush-71 once"})

"""Names as other readers see them: nothing to press, nothing hidden, and short."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yabot.display_name import LONGEST, MOST_MARKS, display_name

NASTY = st.text(
    "aé Ñ中ا@#/.:\\\n\t\0\u200b\u200d\u202e\u2066\ufe0f\u0301\u0489\u3164\u2800"
    "．＠０１２３４５。💋",
    max_size=80,
)
LINKS = re.compile(r"://|@|www\.|t\.me|\w\.\w{2,}|\d{5,}|[#/\\]", re.IGNORECASE)


@given(NASTY | st.text())
def test_whatever_somebody_calls_themselves(text: str) -> None:
    shown = display_name(text)
    if shown is None:
        return
    assert not LINKS.search(unicodedata.normalize("NFKC", shown))
    assert shown == " ".join(shown.split())
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Cs", "Co", "Cn"}
    marks = [unicodedata.category(each).startswith("M") for each in shown]
    assert marks.count(False) <= LONGEST
    assert "1" * (MOST_MARKS + 1) not in "".join(map(str, map(int, marks)))


@given(NASTY | st.text())
def test_a_harmless_name_stays_as_it_is(text: str) -> None:
    shown = display_name(text)
    assert shown is None or display_name(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lucía", "Lucía"),
        ("  Ana   María ", "Ana María"),
        ("J.R.R.", "J.R.R."),
        ("李小龙", "李小龙"),
        ("Ana 💋", "Ana 💋"),
        ("สมชาย", "สมชาย"),
        ("Earn at https://spam.example/x", "Earn at"),
        ("cheap-pills.com", None),
        ("ｃｈｅａｐ．ｃｏｍ", None),
        ("@the_other_bot", None),
        ("/start", None),
        ("Ana\nYou have won 1000000 besitos", "Ana You have won besitos"),
        ("\u202egro.maps", None),
        ("\u200b\u2060", None),
        ("ㅤ", None),
        ("...", None),
        ("Z" + "\u0301" * 200, "Ź" + "\u0301" * MOST_MARKS),
        ("x" * 64, "x" * LONGEST),
    ],
)
def test_what_is_left_of_a_name(name: str, shown: str | None) -> None:
    assert display_name(name) == shown

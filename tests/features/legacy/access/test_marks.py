import json
from copy import deepcopy
from random import Random

import pytest

from tests.features.legacy.old_bot import FIRST_ID, a_profile
from yabot.features.legacy.access.marks import Mark, marked, taken_off

PROFILE = a_profile(FIRST_ID, Random(1))


def test_a_mark_comes_back_with_what_was_given() -> None:
    mark = Mark.of(PROFILE, 3)
    profile = marked(PROFILE, mark)
    assert taken_off(json.loads(json.dumps(profile))) == (PROFILE, mark)


def test_neither_way_changes_what_it_is_called_with() -> None:
    before = deepcopy(PROFILE)
    profile = marked(PROFILE, Mark.of(PROFILE, 3))
    kept = deepcopy(profile)
    taken_off(profile)
    assert (before, kept) == (PROFILE, profile)


@pytest.mark.parametrize(
    "text",
    [
        7,
        None,
        "",
        "given",
        "given 1 1 §",
        "given 1 1 VPRn",
        "given 1 1 ",
        "given 1 x y",
        {"given": 1},
    ],
)
def test_what_is_no_mark_is_taken_off_all_the_same(text: object) -> None:
    profile = PROFILE | {"metadata": {"yabot": text, "source": "tiktok"}}
    assert taken_off(profile) == (PROFILE | {"metadata": {"source": "tiktok"}}, None)


@pytest.mark.parametrize("profile", [{}, {"metadata": None}, {"metadata": {}}])
def test_a_profile_without_one_stays_as_it_is(profile: dict[str, object]) -> None:
    assert taken_off(profile) == (profile, None)

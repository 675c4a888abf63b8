import logging
import warnings
from collections.abc import Iterator

import pytest

from yabot.features.legacy.access.deprecation import Caller, Callers

HERE, THERE = Caller("bot.py", 12), Caller("bot.py", 40)


@pytest.fixture
def callers() -> Callers:
    return Callers()


@pytest.fixture
def warned() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def test_each_line_that_calls_is_told_once(
    callers: Callers, warned: list[warnings.WarningMessage], caplog: pytest.LogCaptureFixture
) -> None:
    for caller in (HERE, THERE, HERE, THERE):
        callers.warn(caller, "get_user_profile", "dual")
    assert [(each.filename, each.lineno) for each in warned] == [("bot.py", 12), ("bot.py", 40)]
    assert {each.category for each in warned} == {DeprecationWarning}
    told = [record.getMessage() for record in caplog.records]
    assert [line.partition(": ")[0] for line in told] == ["bot.py:12", "bot.py:40"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_it_is_told_of_each_function(
    callers: Callers, warned: list[warnings.WarningMessage]
) -> None:
    for function in ("get_user_profile", "save_user_profile"):
        callers.warn(HERE, function, "dual")
    assert [str(each.message).split()[0] for each in warned] == [
        "get_user_profile",
        "save_user_profile",
    ]


@pytest.mark.parametrize("end", ["completed", "rolled_back"])
def test_it_is_told_anew_when_the_migration_has_ended(
    end: str, callers: Callers, warned: list[warnings.WarningMessage]
) -> None:
    for phase in (None, "importing", "dual", end, end):
        callers.warn(HERE, "get_user_profile", phase)
    before, after = (str(each.message) for each in warned)
    assert "for as long as the migration takes" in before
    assert f"the migration {'is complete' if end == 'completed' else 'was rolled back'}" in after


def test_who_makes_errors_of_warnings_gets_one(callers: Callers) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning):
            callers.warn(HERE, "get_user_profile", None)

"""What is remembered is bounded: the oldest goes for the newest."""

from yabot.runtime.recent import Recent


def test_what_was_set_longest_ago_goes_first() -> None:
    recent = Recent[int, str](2)
    for number, word in ((1, "a"), (2, "b"), (1, "c"), (3, "d")):
        recent[number] = word
    assert dict(recent) == {1: "c", 3: "d"}


def test_fewer_may_be_kept_from_now_on() -> None:
    recent = Recent[int, str](3)
    recent.update({1: "a", 2: "b", 3: "c"})
    recent.most = 1
    assert dict(recent) == {3: "c"}
    assert recent.most == 1

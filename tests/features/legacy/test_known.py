"""What the old bot hands back is held against what it had when it read that."""

from yabot.features.legacy.known import MOST_FORMERS, Known
from yabot.features.legacy.record import OldUser


def user(kisses: int) -> OldUser:
    return OldUser(user_id="7", kisses=kisses)


def known(kisses: int, mark: int = 0, writing: OldUser | None = None) -> Known:
    return Known(user(kisses), user(kisses).digest, mark, writing)


def test_what_comes_back_as_we_wrote_it_is_agreed_on() -> None:
    writing = known(10, writing=user(15))
    assert writing.agreed(1) == user(15)
    arrived = writing.merged(user(16), 1)
    assert (arrived.base, arrived.mark, arrived.writing) == (user(16), 1, None)
    assert arrived.digest == user(16).digest


def test_who_had_read_it_before_our_write_is_held_against_that() -> None:
    arrived = known(10, writing=user(15)).merged(user(15), 1)
    assert arrived.is_former(0)
    assert arrived.agreed(0) == user(10)
    again = arrived.merged(user(13), 0)
    assert again.agreed(0) == user(13)
    assert (again.base, again.mark) == (user(15), 1)


def test_a_write_that_may_have_arrived_counts_as_one() -> None:
    written = known(10, writing=user(15)).written()
    assert (written.agreed(1), written.agreed(0)) == (user(15), user(10))


def test_of_who_was_only_here_nobody_remembers_anything_earlier() -> None:
    written = Known(None, None, 0, user(5)).written()
    assert written.agreed(1) == user(5)
    assert written.is_former(0)
    assert written.agreed(0) is None


def test_marks_that_sql_has_forgotten_are_held_against_the_last_it_knows() -> None:
    """A backup of SQL was put back; the old store has gone on."""
    assert known(10, mark=3).agreed(5) == user(10)
    assert known(10, mark=3).merged(user(12), 5).mark == 5


def test_only_so_many_are_remembered() -> None:
    row = known(0)
    for n in range(1, MOST_FORMERS + 4):
        row = Known(row.base, row.digest, row.mark, user(n), row.formers).merged(user(n), n)
    assert len(row.formers) == MOST_FORMERS
    assert row.agreed(0) is None
    assert row.agreed(row.mark - 1) == user(row.mark - 1)


def test_only_what_has_been_merged_may_be_written_over() -> None:
    row = known(10, writing=user(15))
    assert row.has_merged(user(10), 0)
    assert not row.has_merged(user(11), 0)
    assert not row.has_merged(user(15), 1)
    arrived = row.merged(user(15), 1)
    assert arrived.has_merged(user(15), 1)
    assert arrived.has_merged(user(10), 0)
    assert not arrived.has_merged(user(13), 0)

"""A store whose certificate is wrong is away, with one sentence that says what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.certificates import Authority, Leaf
from tests.stores_over_tls.conftest import Store
from tests.waiting import until

pytestmark = [pytest.mark.criterion("sec.1", "sec.2"), pytest.mark.slow]

A_DAY = timedelta(days=1)
EXPIRED = "its certificate has expired; give the server a new one"
EARLY = "its certificate is not valid yet; set the clocks of both machines right"
ANOTHERS = (
    "its certificate is for another name; call the server by a name that stands in it, or have it "
    "made for this one"
)
STRANGERS = "no authority that is trusted has signed its certificate; name the one that has in "
PLAIN = "it does not speak TLS; switch that on at the server, or call the port where it does"
UNANSWERED = (
    "it breaks off the greeting of TLS, or leaves it without an answer; see that it speaks TLS at "
    "that port"
)


def early(authority: Authority) -> Leaf:
    now = datetime.now(UTC)
    return authority.leaf(not_before=now + A_DAY, not_after=now + 2 * A_DAY)


Wrong = Callable[[Authority, Authority], Leaf | None]
WRONGS: dict[str, tuple[Wrong, str]] = {
    "expired": (lambda own, _: own.expired(), EXPIRED),
    "not yet valid": (lambda own, _: early(own), EARLY),
    "wrongly named": (lambda own, _: own.leaf("db.example.org"), ANOTHERS),
    "foreign": (lambda _, other: other.leaf(), STRANGERS),
    "without TLS": (lambda _own, _other: None, PLAIN),
}


@pytest.mark.parametrize("wrong", WRONGS)
async def test_it_is_refused_in_a_sentence_until_it_is_mended(
    store: Store, authority: Authority, foreign: Authority, right: Leaf, wrong: str
) -> None:
    make, sentence = WRONGS[wrong]
    if wrong == "foreign":
        sentence += store.kind.authority
    if wrong == "without TLS" and store.kind.name != "PostgreSQL":
        sentence = UNANSWERED
    store.door.show(make(authority, foreign))
    settings = store.settings()

    async def is_told() -> bool:
        check = await store.kind.examine(settings)
        assert check.state == "problem"
        return check.message.startswith(f"{sentence}; ")

    # On a busy machine a greeting may take longer than an examination waits for it.
    await until(is_told)
    async with store.watched(settings) as watched:
        await watched.becomes(sentence)
        store.door.show(right)
        await watched.becomes(None)
        # It was well, and is not any more.
        store.door.show(make(authority, foreign))
        await watched.becomes(sentence)

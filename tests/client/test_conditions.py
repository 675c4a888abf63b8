"""An answer without a body, to who has said by an ETag what they have, and to nobody else."""

from dataclasses import replace

import pytest

from tests.client.asking import READ, Asker
from tests.client.faulty import FaultyServer, says
from yabot_client import UntrustedAnswer

pytestmark = pytest.mark.standard
SAME = says(304, None)


def test_who_has_it_is_told_that_it_holds(ask: Asker, server: FaultyServer) -> None:
    server.behaves(SAME)
    assert ask(replace(READ, if_none_match='"7"')).status == 304
    assert [got.headers["if-none-match"] for got in server.got] == ['"7"']


def test_who_has_said_nothing_is_told_nothing_by_that(ask: Asker, server: FaultyServer) -> None:
    server.behaves(SAME)
    with pytest.raises(UntrustedAnswer, match="304"):
        ask(READ)

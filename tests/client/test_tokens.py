"""The tokens that a client signs: for what, for how long, and with which clock and key."""

import json
from email.utils import formatdate
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from tests.client.asking import CHANGE, ONCE, READ, OwnTime
from tests.client.conftest import NewAsker
from tests.client.faulty import FaultyServer, Got, refuses, says
from yabot.api.jose.signing import Presented, SigningKey
from yabot_client import Misconfigured, Refused

pytestmark = pytest.mark.standard
FINE = says(200, {})
LONGEST = 600


def signed_by(got: Got, key: str) -> bool:
    """Whether YABOT would say so; raises for what it would not even read."""
    public = SigningKey.read(key).public
    presented = Presented.read(got.token)
    return presented.kid == public.kid and bool(presented.claims(public))


def test_a_token_says_who_asks_and_for_what(
    new_asker: NewAsker, server: FaultyServer, key: str, time: OwnTime
) -> None:
    ask = new_asker()
    for call in (READ, CHANGE, ONCE):
        ask(call)
    for call, got in zip((READ, CHANGE, ONCE), server.got, strict=True):
        assert signed_by(got, key)
        claims = got.claims
        told = [claims[name] for name in ("iss", "sub", "aud", "scope")]
        assert told == ["orders", "orders", "yabot", call.scope]
        assert 0 < claims["exp"] - claims["iat"] <= LONGEST
        assert claims["iat"] == time.wall
    assert len({got.claims["jti"] for got in server.got}) == 3


def test_a_token_is_used_until_shortly_before_it_expires(
    new_asker: NewAsker, server: FaultyServer, time: OwnTime
) -> None:
    ask = new_asker()
    for _ in range(100):
        ask()
        assert time.now() + 30 < server.got[-1].claims["exp"]
        time.passed += 10
    tokens = [got.token for got in server.got]
    assert len(set(tokens)) == 5


@pytest.mark.parametrize("name", ["key.pem", "key.jwk"])
def test_a_key_changes_without_a_restart(
    new_asker: NewAsker, server: FaultyServer, tmp_path: Path, name: str
) -> None:
    first, second = SigningKey.generate(), SigningKey.generate()
    file = tmp_path / name
    file.write_text(_written(first, name))
    ask = new_asker(key=file)
    ask()
    # Half written, and gone for a moment.
    file.write_text(_written(second, name)[:40])
    ask()
    file.unlink()
    ask()
    file.write_text(_written(second, name))
    ask()
    by = [Presented.read(got.token).kid for got in server.got]
    thumbprints = [_thumbprint(each) for each in (first, second)]
    assert by == [thumbprints[0]] * 3 + [thumbprints[1]]


@pytest.mark.parametrize(
    ("code", "ahead"), [("token_expired", 4000), ("token_not_yet_valid", -4000)]
)
def test_a_clock_that_runs_wrong_is_noticed_once(
    new_asker: NewAsker, server: FaultyServer, time: OwnTime, code: str, ahead: int
) -> None:
    yabots = time.wall + ahead
    server.behaves(refuses(401, code, Date=formatdate(yabots, usegmt=True)), FINE)
    ask = new_asker()
    ask()
    ask()
    assert [got.claims["iat"] for got in server.got] == [time.wall, yabots, yabots]
    assert time.slept == []


@pytest.mark.parametrize(
    ("date", "tries"),
    [({"Date": formatdate(1_790_000_900)}, 2), ({}, 1), ({"Date": "yesterday"}, 1)],
)
@pytest.mark.parametrize("far", [False, True])
def test_it_does_not_learn_for_ever_nor_everything(
    new_asker: NewAsker, server: FaultyServer, date: dict[str, str], tries: int, far: bool
) -> None:
    if far and "Date" in date:
        date, tries = {"Date": formatdate(1_890_000_000)}, 1
    server.behaves(refuses(401, "token_expired", **date))
    with pytest.raises(Refused) as refused:
        new_asker()()
    assert refused.value.code == "token_expired"
    assert len(server.got) == tries


@pytest.mark.parametrize("code", ["token_revoked", "token_key_unknown", "token_signature_wrong"])
def test_what_no_clock_mends_is_told_at_once(
    new_asker: NewAsker, server: FaultyServer, code: str
) -> None:
    server.behaves(refuses(401, code, Date=formatdate(1_790_000_900)), FINE)
    with pytest.raises(Refused):
        new_asker()()
    assert len(server.got) == 1


def test_whoever_has_a_token_needs_no_key(new_asker: NewAsker, server: FaultyServer) -> None:
    new_asker(token="  header.claims.signature\n")()
    given = iter(["one", "two", "three"])
    ask = new_asker(token=lambda: next(given))
    server.behaves(FINE, refuses(401, "token_expired"), FINE)
    ask()
    ask()
    assert [got.token for got in server.got] == ["one", "two", "three"]


@pytest.mark.parametrize("given", ["secret\r\nX: 1", None, b"secret"])
def test_a_token_that_is_none_is_not_quoted(new_asker: NewAsker, given: object) -> None:
    with pytest.raises(Misconfigured, match="The token is none") as wrong:
        new_asker(token=lambda: given)()
    assert "secret" not in str(wrong.value)


def _written(key: SigningKey, name: str) -> str:
    found = json.loads(key.text)
    del found["kid"]
    if name.endswith(".jwk"):
        return json.dumps(found)
    return OKPKey.import_key(found).as_pem(private=True).decode()


def _thumbprint(key: SigningKey) -> str:
    return OKPKey.import_key(json.loads(key.text)).thumbprint()

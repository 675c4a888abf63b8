"""Whatever a stranger sends as a token or as a key is read, or refused in one way."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.auth.forging import Forge, b64
from yabot.api.auth.claims import Claims
from yabot.api.jose.signing import NotSigned, Presented, PublicKey, SigningKey, token_id_of
from yabot.api.jose.unusable import Unusable

ORDERS = Forge("orders", "k")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "zip", "enc", "p2c"]),
    JSON | st.sampled_from(["Ed25519", "none", "HS256", "k"]),
)
PIECES = st.one_of(
    st.text(max_size=50),
    st.binary(max_size=50).map(b64),
    JSON.map(lambda value: b64(json.dumps(value).encode())),
    HEADERS.map(lambda value: b64(json.dumps(value).encode())),
)
TOKENS = st.lists(PIECES, max_size=5).map(".".join) | st.text(max_size=200)


def read(token: str) -> None:
    """Any other error is a fault."""
    with suppress(Unusable):
        Claims.read(Presented.read(token).claims(ORDERS.public))


@given(TOKENS)
def test_whatever_comes_is_read_or_refused(token: str) -> None:
    read(token)


@given(HEADERS, JSON | st.binary(max_size=50))
def test_whatever_is_signed_is_read_or_refused(header: object, payload: object) -> None:
    told = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    whole = {**ORDERS.header(), **header} if isinstance(header, dict) else {}
    read(ORDERS.signed(whole, told))


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_token_of_which_one_letter_is_another_is_refused(place: int, by: int) -> None:
    token = ORDERS.token()
    place %= token.rindex(".") + 80
    changed = token[:place] + chr((ord(token[place]) + by) % 256) + token[place + 1 :]
    with pytest.raises(Unusable):
        Presented.read(changed).claims(ORDERS.public)


@given(st.text(max_size=100) | JSON.map(json.dumps) | HEADERS.map(json.dumps))
def test_whatever_is_given_as_a_key_is_read_or_refused(text: str) -> None:
    for kind in (PublicKey, SigningKey):
        with pytest.raises(Unusable):
            kind.read(text)


@given(TOKENS)
def test_whatever_is_to_be_revoked_has_a_jti_or_not(token: str) -> None:
    with suppress(Unusable):
        assert isinstance(token_id_of(token), str)


def test_another_algorithm_of_the_same_key_is_refused() -> None:
    with pytest.raises(Unusable, match="Ed25519"):
        Presented.read(ORDERS.token(ORDERS.header(alg="EdDSA")))


def test_what_another_key_has_signed_is_told_apart() -> None:
    with pytest.raises(NotSigned):
        Presented.read(Forge("orders", "k").token()).claims(ORDERS.public)


def test_a_private_key_is_no_public_one_nor_the_other_way_round() -> None:
    key = SigningKey.generate()
    assert SigningKey.read(key.text) == key
    assert PublicKey.read(key.public.text) == key.public
    with pytest.raises(Unusable, match="belongs to its service alone") as refused:
        PublicKey.read(key.text)
    assert json.loads(key.text)["d"] not in str(refused.value)
    with pytest.raises(Unusable):
        SigningKey.read(key.public.text)


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))},
        {"kty": "OKP", "crv": "Ed448", "x": b64(bytes(57))},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(31))},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32)), "kid": ""},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32)), "kid": 7},
    ],
)
def test_a_key_of_another_kind_is_refused(jwk: object) -> None:
    with pytest.raises(Unusable):
        PublicKey.read(json.dumps(jwk))


def test_a_key_without_a_name_is_known_by_its_thumbprint() -> None:
    given_as_pem = SigningKey.generate()
    bare = {name: value for name, value in given_as_pem.public.jwk.items() if name != "kid"}
    assert PublicKey.read(json.dumps(bare)).kid == given_as_pem.kid

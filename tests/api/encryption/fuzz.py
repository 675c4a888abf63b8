"""Bodies that are no JWE of ours any more, or never were: always the same ones."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from tests.api.auth.forging import b64, unb64

Mutation = Callable[[Random, bytes], bytes]

SECRET = b"what nobody may read"
ODD: Sequence[Any] = (
    *(None, True, -1, 2**70, 1.5, "", "A", "ñ", "\x00", "../x", "A" * 5000),
    *([], {}, [[]], {"kty": "oct"}, {"kty": "OKP", "crv": "X25519", "x": ""}, ["ECDH-ES"]),
)
FIELDS = ("alg", "enc", "kid", "epk", "cty", "zip", "crit", "apu", "apv", "p2c", "jwk", "b64")


def fuzzed(originals: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """None is empty, and none is one of the ``originals``."""
    random = Random(seed)
    while count:
        body = random.choice(MUTATIONS)(random, random.choice(originals))
        if body and random.random() < 0.2:
            body = random.choice(MUTATIONS)(random, body)
        if body and body not in originals:
            count -= 1
            yield body


def _cut(random: Random, body: bytes) -> bytes:
    return body[: random.randrange(len(body))]


def _flipped(random: Random, body: bytes) -> bytes:
    octets = bytearray(body)
    for _ in range(random.randint(1, 4)):
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
    return bytes(octets)


def _longer(random: Random, body: bytes) -> bytes:
    at = random.randrange(len(body))
    return body[:at] + random.randbytes(random.randint(1, 40)) + body[at:]


def _parts_moved(random: Random, body: bytes) -> bytes:
    parts = body.split(b".")
    random.shuffle(parts)
    return b".".join(parts[: random.randint(0, len(parts))] * random.randint(1, 2))


def _part_changed(random: Random, body: bytes) -> bytes:
    parts = body.split(b".")
    parts[random.randrange(len(parts))] = b64(random.randbytes(random.randint(0, 80))).encode()
    return b".".join(parts)


def _header_changed(random: Random, body: bytes) -> bytes:
    head, _, rest = body.partition(b".")
    try:
        header = json.loads(unb64(head.decode()))
    except (ValueError, RecursionError):
        header = {}
    name = random.choice(FIELDS)
    if isinstance(header, dict) and random.random() < 0.3:
        header.pop(name, None)
        header["more"] = 1
    elif isinstance(header, dict):
        header[name] = random.choice(ODD)
    return b64(json.dumps(header).encode()).encode() + b"." + rest


def _header_junk(random: Random, body: bytes) -> bytes:
    junk = random.choice([b"[" * 2000, b"{}", b"null", b'{"a":1,"a":2}', b"\xff", b"NaN"])
    return b64(junk).encode() + b"." + body.partition(b".")[2]


def _of_nowhere(random: Random, _body: bytes) -> bytes:
    if random.random() < 0.5:
        return random.randbytes(random.randint(1, 600))
    parts = [b64(random.randbytes(random.randint(0, 200))) for _ in range(random.randint(1, 7))]
    return ".".join(parts).encode()


def _of_dots(random: Random, _body: bytes) -> bytes:
    return b"." * random.randint(1, 3000)


MUTATIONS: Sequence[Mutation] = (
    *(_cut, _flipped, _longer, _parts_moved, _part_changed),
    *(_header_changed, _header_junk, _of_nowhere, _of_dots),
)


def a_plaintext() -> bytes:
    return json.dumps({"said": SECRET.decode() + os.urandom(8).hex()}).encode()

"""Encrypted bodies: what comes is read as it was meant, or refused in one way."""

import pytest

from tests.api.auth.forging import Forge, b64
from tests.api.encryption.jwe import Json, encrypted
from tests.api.encryption.partner import Api, Partner
from yabot.api.jose.encryption import DecryptionKey, longest_of
from yabot.api.operations.reading import LARGEST_BODY

pytestmark = pytest.mark.standard


async def test_a_body_is_needed_or_not_as_without_encryption(served: Api) -> None:
    assert (await served.ask("PUT", "/echo")).code == "body_missing"
    assert (await served.ask("PUT", "/echo", content=served.partner.encrypted(b""))).code == (
        "body_missing"
    )
    assert (await served.ask("GET", "/echo", {"said": 1})).code == "body_unexpected"
    assert (await served.ask("PUT", "/echo", {"sed": 1})).code == "invalid_request"
    bad = served.partner.encrypted(b'{"said": NaN}')
    assert (await served.ask("PUT", "/echo", content=bad)).code == "body_malformed"


async def test_a_body_may_come_in_pieces(served: Api, partner: Partner) -> None:
    request = partner.request("PUT", "/echo", {"said": "in pieces"})
    half = len(request.content) // 2
    pieces = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for part in (request.content[:half], request.content[half:])
    )
    chunked = request.changed(
        content=pieces + b"0\r\n\r\n", headers=(b"Transfer-Encoding: chunked",)
    )
    assert partner.read(request, await served.send(chunked)).body == {"said": "in pieces"}


def _said(octets: int) -> bytes:
    return b'{"said": "' + b"x" * (octets - len(b'{"said": ""}')) + b'"}'


async def test_the_limit_is_that_of_the_plain_body(served: Api, partner: Partner) -> None:
    largest = partner.encrypted(_said(LARGEST_BODY))
    assert len(largest) <= longest_of(LARGEST_BODY)
    assert (await served.ask("PUT", "/echo", content=largest)).status == 200
    larger = partner.encrypted(_said(LARGEST_BODY + 1))
    assert (await served.ask("PUT", "/echo", content=larger)).code == "body_too_large"


async def test_what_is_too_large_to_be_looked_at_is_refused_for_everybody_to_read(
    served: Api, partner: Partner
) -> None:
    """Whether the service has sent that, nobody knows: so nothing is signed, or used up."""
    request = partner.request("PUT", "/echo", {"said": 1})
    padded = request.content + b" " * longest_of(LARGEST_BODY)
    announced = request.changed(content=padded)
    chunked = request.changed(
        content=b"%x\r\n%b\r\n0\r\n\r\n" % (len(padded), padded),
        headers=(b"Transfer-Encoding: chunked",),
    )
    for each in (announced, chunked):
        answer = await served.send(each)
        assert (answer.status, answer.code) == (413, "body_too_large")
    assert partner.read(request, await served.send(request)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Type: application/json",),
        (b"Content-Type: application/jose, application/json",),
        (b"Content-Type: application/jose", b"Content-Type: application/json"),
        (b"Content-Type: application/jose", b"Content-Encoding: gzip"),
        (b"Content-Type:",),
    ],
)
async def test_a_body_of_another_type_is_refused(
    served: Api, partner: Partner, headers: tuple[bytes, ...]
) -> None:
    request = partner.request("PUT", "/echo", {"said": 1}).changed(headers=headers)
    assert partner.read(request, await served.send(request)).code == "media_type_unsupported"


async def test_plain_text_is_not_taken(served: Api, partner: Partner) -> None:
    for kind in (b"application/json", b"application/jose"):
        request = partner.request("PUT", "/echo", content=b'{"said": 1}')
        plain = request.changed(headers=(b"Content-Type: " + kind,))
        assert partner.read(plain, await served.send(plain)).status in (400, 415)


OTHERS = DecryptionKey.generate().public


def _malformed(partner: Partner) -> dict[str, bytes]:
    plain = b'{"said": 1}'
    ours = partner.offered.encrypt_to
    right = partner.encrypted(plain)
    head, _, nonce, content, tag = right.split(b".")
    zip_header = partner.encrypted(plain, zip="DEF")
    return {
        "junk": b"junk",
        "dots": b"....",
        "no text": b"\xff\x00\xfe",
        "spaces around it": b" " + right + b" ",
        "JSON": b'{"protected": "e30"}',
        "cut": right[:-1],
        "without a tag": b".".join([head, b"", nonce, content, b""]),
        "a changed octet": right.replace(content, content[:-4] + b"AAAA"),
        "a changed nonce": right.replace(nonce, b"A" * 16),
        "a changed tag": right.replace(tag, b"A" * 22),
        "an encrypted key": b".".join([head, b"AAAA", nonce, content, tag]),
        "somebody else's key": encrypted(OTHERS.kid, OTHERS.x, plain),
        "our kid, somebody else's key": encrypted(ours.kid, OTHERS.x, plain),
        "no kid": partner.encrypted(plain, kid=None),
        "a kid that is a path": partner.encrypted(plain, kid="../private/x"),
        "a kid that is a list": partner.encrypted(plain, kid=[ours.kid]),
        "another alg": partner.encrypted(plain, alg="ECDH-ES+A256KW"),
        "dir": partner.encrypted(plain, alg="dir"),
        "another enc": partner.encrypted(plain, enc="A128GCM"),
        "compressed": zip_header,
        "critical": partner.encrypted(plain, crit=["x"], x=1),
        "no cty": partner.encrypted(plain, cty=None),
        "another cty": partner.encrypted(plain, cty="JWT"),
        "no epk": partner.encrypted(plain, epk=None),
        "an epk without order": partner.encrypted(
            plain, epk={"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}
        ),
        "an epk of another curve": partner.encrypted(
            plain, epk={"kty": "OKP", "crv": "Ed25519", "x": ours.x}
        ),
        "a key of its own": partner.encrypted(plain, jwk={"kty": "oct", "k": "AA"}),
        "a token": Forge().token().encode(),
    }


async def test_a_body_that_cannot_be_read_is_refused_in_one_way(
    served: Api, partner: Partner
) -> None:
    told: list[Json] = []
    for name, content in _malformed(partner).items():
        inner = await served.ask("PUT", "/echo", content=content)
        assert (inner.status, inner.code) == (400, "body_not_decryptable"), name
        told.append({**inner.body, "correlation_id": "any"})
    assert all(each == told[0] for each in told)

"""What whoever ends TLS can do to a request and to an answer."""

import json
from collections.abc import Callable, Mapping
from time import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.api.auth.forging import Forge, b64, unb64
from tests.api.encryption.jwe import encrypted
from tests.api.encryption.service import Service
from tests.api.encryption.wire import Came, Sent

OnRequest = Callable[[Sent], Sent]
OnAnswer = Callable[[Came], Came]


def on_requests(older: Sent, ours: Mapping[str, str], other: str) -> dict[str, OnRequest]:
    """None may have an effect. ``older`` is a request of the same service; ``ours`` is YABOT's key
    that anybody can encrypt to, as a JWK; ``other`` is another service's token.
    """
    forged = encrypted(ours["kid"], ours["x"], json.dumps({"theme": "forged"}).encode())
    return {
        **{f"method {name}": _but(method=name) for name in ("POST", "DELETE", "GET", "put", "X")},
        "another path": _target("/preferences", "/profile"),
        "another user": lambda sent: sent.but(target=_other_user(sent.target)),
        "a path written otherwise": _target("preferences", "%70references"),
        "a path with a detour": _target("/user/", "/x/../user/"),
        "a doubled slash": _target("/user/", "//user/"),
        "a slash at the end": _target("preferences", "preferences/"),
        "a query": _target("preferences", "preferences?theme=light"),
        "no token": lambda sent: sent.with_header("Authorization", None),
        "an older token": _token(lambda _: _token_of(older)),
        "another service's token": _token(lambda _: other),
        "two tokens": lambda sent: sent.but(headers=(*sent.headers, sent.headers[0])),
        "no type": lambda sent: sent.with_header("Content-Type", None),
        "another type": lambda sent: sent.with_header("Content-Type", "application/json"),
        "an encoding": lambda sent: sent.with_header("Content-Encoding", "gzip"),
        "no body": _but(content=b""),
        "an older body": _but(content=older.content),
        "a body of its own": _but(content=forged),
        "a body that is not encrypted": _but(content=b'{"theme": "forged"}'),
        "a longer body": lambda sent: sent.but(content=sent.content + b" "),
        "a body cut": lambda sent: sent.but(content=sent.content[:-1]),
        **{f"JWE part {n}": _body_part(n) for n in range(5)},
        **{f"token part {n}": _token(_changed_part(n)) for n in range(3)},
        "a token that holds longer": _token(_claims(exp=2**31)),
        "a token that holds for any": _token(_claims(req=None)),
        "a token used for the first time": _token(_claims(jti="another")),
        "a token with an older signature": _token(
            lambda token: f"{token.rpartition('.')[0]}.{_token_of(older).rpartition('.')[2]}"
        ),
    }


def on_answers(service: Service, older: Came, others: Came, published: str) -> dict[str, OnAnswer]:
    """None may be believed to say what it was not. ``others`` is another service's answer,
    ``published`` YABOT's list of keys: what the right key has signed for something else.
    """

    def from_proxy(text: str) -> OnAnswer:
        """Encrypted for the service: whoever knows its key can do that."""
        recipient = json.loads(service.recipient.jwk)
        made = encrypted(recipient["kid"], recipient["x"], text.encode(), cty="JWT")
        return _but_answer(content=made)

    kid = next(iter(service.answered_by))
    forge = Forge("yabot", kid, Ed25519PrivateKey.generate())
    says = {"iss": "yabot", "aud": service.forge.service, "iat": int(time()), "status": 200}
    told = json.dumps({**says, "headers": {}, "body": "{}"}).encode()
    header = {"alg": "Ed25519", "kid": kid, "typ": "yabot-answer+jwt"}
    unsigned = f"{b64(json.dumps({**header, 'alg': 'none'}).encode())}.{b64(told)}."
    return {
        "another status": _but_answer(status=404),
        "another type": lambda came: came.but(
            headers={**came.headers, "content-type": "application/json"}
        ),
        "a readable answer": lambda came: came.but(
            headers={**came.headers, "content-type": "application/json"}, content=b"{}"
        ),
        "nothing": _but_answer(content=b""),
        "an older answer": _but_answer(content=older.content),
        "another service's answer": _but_answer(content=others.content),
        "its own, signed by itself": from_proxy(forge.signed(header, told)),
        "its own, not signed": from_proxy(unsigned),
        "its own, no token": from_proxy(told.decode()),
        "its own, with a shared secret": from_proxy(forge.hmac(b"secret")),
        "YABOT's list of keys": from_proxy(published),
        "a token of the service's": from_proxy(service.forge.token()),
        **{f"JWE part {n}": _answer_part(n) for n in range(5)},
    }


def _but(**changed: object) -> OnRequest:
    return lambda sent: sent.but(**changed)


def _but_answer(**changed: object) -> OnAnswer:
    return lambda came: came.but(**changed)


def _target(old: str, new: str) -> OnRequest:
    def change(sent: Sent) -> Sent:
        assert old in sent.target
        return sent.but(target=sent.target.replace(old, new))

    return change


def _other_user(target: str) -> str:
    head, user_id, rest = target.split("/user/")[0], *target.split("/user/")[1].split("/", 1)
    return f"{head}/user/{int(user_id) + 1}/{rest}"


def _token(change: Callable[[str], str]) -> OnRequest:
    return lambda sent: sent.with_header("Authorization", f"Bearer {change(_token_of(sent))}")


def _token_of(sent: Sent) -> str:
    return sent.header("Authorization").removeprefix("Bearer ")


def _claims(**changed: object) -> Callable[[str], str]:
    """With the signature that it had."""

    def change(token: str) -> str:
        head, payload, signature = token.split(".")
        said = {**json.loads(unb64(payload)), **changed}
        kept = {name: value for name, value in said.items() if value is not None}
        return f"{head}.{b64(json.dumps(kept).encode())}.{signature}"

    return change


def _changed_part(n: int) -> Callable[[str], str]:
    """Another octet in the middle; or an octet, where there is none."""

    def change(text: str) -> str:
        parts = text.split(".")
        octets = bytearray(unb64(parts[n])) or bytearray(1)
        octets[len(octets) // 2] ^= 1
        parts[n] = b64(bytes(octets))
        return ".".join(parts)

    return change


def _body_part(n: int) -> OnRequest:
    return lambda sent: sent.but(content=_changed_part(n)(sent.content.decode()).encode())


def _answer_part(n: int) -> OnAnswer:
    return lambda came: came.but(content=_changed_part(n)(came.content.decode()).encode())


# What was signed, and what it becomes.
ON_QUERIES: dict[str, tuple[str, str]] = {
    "another value": ("?limit=1&username=ana", "?limit=50&username=ana"),
    "one more": ("?limit=1", "?limit=1&username=ana"),
    "one less": ("?limit=1&username=ana", "?limit=1"),
    "another order": ("?limit=1&username=ana", "?username=ana&limit=1"),
    "written otherwise": ("?username=ana", "?username=an%61"),
    "none": ("?limit=1", ""),
    "an empty one": ("?limit=1", "?"),
    "one where there was none": ("", "?limit=1"),
}

# They change nothing: what was meant happens, and nothing else.
WITHOUT_EFFECT: dict[str, OnRequest] = {
    f"{name} added": lambda sent, name=name, value=value: sent.with_header(name, value)  # type: ignore[misc]
    for name, value in {
        "If-Match": '"other"',
        "If-None-Match": "*",
        "Idempotency-Key": "of-the-proxy",
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/api/v1/users",
        "X-Forwarded-For": "192.0.2.1",
        "Range": "bytes=0-1",
        "Accept": "text/html",
        "Accept-Encoding": "gzip, deflate",
        "Forwarded": "for=192.0.2.1",
    }.items()
}

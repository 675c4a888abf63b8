"""Mistakes in a client's arguments: one sentence when it is made, which quotes no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from yabot.api.jose.encryption import DecryptionKey
from yabot.api.jose.signing import SigningKey
from yabot_client import AsyncClient, Client, Misconfigured

URL = "https://yabot.internal:8080"
SIGNING, DECRYPTING = SigningKey.generate(), DecryptionKey.generate()
KEYS = {"keys": [DECRYPTING.public.jwk, SIGNING.public.jwk]}
SERVICE = {"service": "orders", "key": SIGNING.text}
PRIVATE = [json.loads(each.text)["d"] for each in (SIGNING, DECRYPTING)]

# The sentence; what is wrong.
MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("must begin with https:// or http://", {"url": "yabot.internal"}),
    ("must begin with https:// or http://", {"url": "ftp://yabot.internal"}),
    ("must be a URL", {"url": "https://[::1"}),
    ("must be a URL", {"url": "https://yabot/\ud800"}),
    ("must be a URL", {"url": "https://\ud800"}),
    ("must name a host that can be one", {"url": "https://a..b"}),
    ("must name a host that can be one", {"url": "https://xn--a"}),
    ("must name a host that can be one", {"url": f"https://{'a' * 64}.internal"}),
    ("must name a host that can be one", {"url": "http://127.0.0.1:99999"}),
    ("must name a host that can be one", {"url": "https://yabot:0"}),
    ("without user, password", {"url": "https://me:secret@yabot"}),
    ("without user, password", {"url": "https://yabot?x=1"}),
    ("lets anybody in between read", {"url": "http://yabot.internal:8080"}),
    ("Either service and key are needed", {}),
    ("Either service and key are needed", {"service": "orders"}),
    ("Either service and key are needed", {"key": SIGNING.text}),
    ("stands instead of", {"token": "x", **SERVICE}),
    ("stands instead of", {"token": "x", "yabot_keys": KEYS}),
    ("The token is none", {"token": "sécret"}),
    ("The token is none", {"token": " "}),
    ("The token is none", {"token": 7}),
    ("key cannot be read: No such file", {**SERVICE, "key": Path("nowhere.pem")}),
    ("key cannot be used: it is no Ed25519 key", {**SERVICE, "key": "secret"}),
    ("key cannot be used: it is no Ed25519 key", {**SERVICE, "key": "{}"}),
    ("key cannot be used: it is a public key", {**SERVICE, "key": SIGNING.public.text}),
    ("a key of another curve", {**SERVICE, "key": DECRYPTING.text}),
    ("key must be a Path", {**SERVICE, "key": 7}),
    ("decryption_keys need yabot_keys", {**SERVICE, "decryption_keys": [DECRYPTING.text]}),
    ("must be a list of keys", {**SERVICE, "yabot_keys": KEYS}),
    ("must be a list of keys", {**SERVICE, "yabot_keys": KEYS, "decryption_keys": "secret"}),
    (
        "a key of decryption_keys cannot be used: it is a key of another curve",
        {**SERVICE, "yabot_keys": KEYS, "decryption_keys": [SIGNING.text]},
    ),
    (
        "yabot_keys cannot be used: it is no JWK set",
        {**SERVICE, "yabot_keys": "[]", "decryption_keys": [DECRYPTING.text]},
    ),
    (
        "yabot_keys cannot be used: it needs a key with use enc",
        {**SERVICE, "yabot_keys": {"keys": []}, "decryption_keys": [DECRYPTING.text]},
    ),
    (
        "yabot_keys cannot be used: it holds a key that is no public X25519 key",
        {
            **SERVICE,
            "yabot_keys": {"keys": [json.loads(DECRYPTING.text)]},
            "decryption_keys": [DECRYPTING.text],
        },
    ),
    ("certificate must be two files", {**SERVICE, "certificate": Path("both.pem")}),
    (
        "certificate must be a certificate and the key of it: No such file",
        {**SERVICE, "certificate": (Path("nowhere.crt"), Path("nowhere.key"))},
    ),
    ("authority holds no certificate: No such file", {**SERVICE, "authority": Path("nowhere")}),
    ("are for https://", {**SERVICE, "url": "http://localhost", "authority": Path("ca.pem")}),
    ("more than 0 seconds", {**SERVICE, "timeout": 0}),
    ("more than 0 seconds", {**SERVICE, "deadline": -1}),
    ("more than 0 seconds", {**SERVICE, "timeout": "5"}),
    ("more than 0 seconds", {**SERVICE, "deadline": float("nan")}),
    ("0 or more", {**SERVICE, "retries": -1}),
    ("0 or more", {**SERVICE, "retries": "4"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "me:secret@proxy"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "socks5://me:secret@proxy"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "http://me:secret@proxy:99999"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "http://secret..proxy"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "http://:3128"}),
    ("proxy must be a URL", {**SERVICE, "proxy": "http://proxy/\ud800"}),
]


@pytest.mark.parametrize("made", [Client, AsyncClient])
@pytest.mark.parametrize(("sentence", "options"), MISTAKES)
def test_each_mistake_is_told_when_the_client_is_made(
    made: type[Client | AsyncClient], sentence: str, options: dict[str, Any]
) -> None:
    with pytest.raises(Misconfigured) as wrong:
        made(**{"url": URL, **options})
    told = str(wrong.value)
    assert sentence in told
    assert not any(secret in told for secret in ["secret", "sécret", *PRIVATE])
    assert "\n" not in told
    assert wrong.value.__cause__ is None


@pytest.mark.parametrize(
    "options",
    [
        SERVICE,
        {**SERVICE, "key": json.loads(SIGNING.text)},
        {"token": "header.claims.signature"},
        {"url": "http://localhost:8080", **SERVICE},
        {"url": "http://127.0.0.1:8080", **SERVICE},
        {"url": "http://[::1]:8080", **SERVICE},
        {"url": "http://yabot:8080", "allow_http": True, **SERVICE},
        {"url": "https://ñandú.example.:8080", **SERVICE},
        {"proxy": "http://me:secret@[::1]:3128", **SERVICE},
        {
            "url": "http://yabot:8080",
            "decryption_keys": [DECRYPTING.text],
            "yabot_keys": json.dumps(KEYS),
            **SERVICE,
        },
    ],
)
def test_what_is_right_is_taken(options: dict[str, Any]) -> None:
    Client(**{"url": URL, **options}).close()

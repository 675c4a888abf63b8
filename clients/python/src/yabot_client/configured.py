"""What a client is told when it is made; whatever is wrong with that is said then."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

from yabot_client.address import can_be_reached, read_address
from yabot_client.clock import MOST_SKEW_OF_TLS, Clock, YabotsTime
from yabot_client.encryption import MOST_SKEW, Encrypted
from yabot_client.errors import Misconfigured
from yabot_client.exchange import Exchange
from yabot_client.jose import DecryptionKey, SigningKey
from yabot_client.kept import Kept
from yabot_client.protection import Plain, Protection
from yabot_client.retrying import Retrying
from yabot_client.tls import TlsFiles
from yabot_client.tokens import GivenTokens, SignedTokens
from yabot_client.yabot_keys import KeySet, YabotKeys

T = TypeVar("T")
# A file, which is read again when it changes; or what would be in it; or a JWK (set).
Key = Path | str | Mapping[str, Any]
Token = str | Callable[[], str]


class Configured(ABC):
    """What clients have in common."""

    def __init__(
        self,
        url: str,
        *,
        service: str | None = None,
        key: Key | None = None,
        token: Token | None = None,
        certificate: tuple[Path, Path] | None = None,
        authority: Path | None = None,
        decryption_keys: Sequence[Key] = (),
        yabot_keys: Key | None = None,
        timeout: float = 10.0,
        deadline: float = 60.0,
        retries: int = 4,
        proxy: str | None = None,
        allow_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Raises Misconfigured. Nothing is sent yet; files are read again when they change.

        - ``service``, ``key``: the name by which an operator has registered the service, and the
          private Ed25519 key (PEM or JWK) that signs its tokens.
        - ``token``: instead, one of `yabot token issue`, or a function that gives one.
        - ``certificate``: a certificate and its key, in PEM, that show who connects.
        - ``authority``: whose certificates are believed, in PEM, if not those that this machine
          believes anyhow.
        - ``decryption_keys``, ``yabot_keys``: for encrypted bodies. The private X25519 keys whose
          public parts are registered, and what `yabot service keys` prints.
        - ``timeout``, ``deadline``: seconds, of one try and of a whole call with all its tries.
        - ``retries``: how many tries a call has beyond the first.
        - ``proxy``: its URL, of http or https; none is taken from the environment.
        - ``allow_http``: send tokens and data to another machine without TLS.
        """
        self._clock = clock or Clock()
        self._proxy = _read_proxy(proxy)
        encrypts = bool(decryption_keys) or yabot_keys is not None
        base = read_address(url, allow_http=allow_http or encrypts)
        self._tls = _read_tls(base, certificate, authority)
        _require_limits(timeout, deadline, retries)
        protection: Protection
        if token is not None:
            _require_nothing_beside_token(service, key, encrypts=encrypts)
            protection = Plain(GivenTokens(token))
        elif not service or key is None:
            raise Misconfigured("Either service and key are needed, or a token.")
        else:
            time = YabotsTime(self._clock, MOST_SKEW if encrypts else MOST_SKEW_OF_TLS)
            tokens = SignedTokens(service, _kept(key, SigningKey.read, "key"), time)
            protection = Plain(tokens)
            if encrypts:
                ours = _read_decryption_keys(decryption_keys)
                yabots = YabotKeys(_read_yabot_keys(yabot_keys), base, self._clock, time)
                protection = Encrypted(service, tokens, ours, yabots)
        retrying = Retrying(retries, deadline)
        self._exchange = Exchange(base, protection, retrying, timeout, self._clock)
        self._open()

    @abstractmethod
    def _open(self) -> None:
        """Whatever a kind of client needs beside this. Raises Misconfigured."""


def _kept(source: Key, read: Callable[[str], T], what: str) -> Kept[T]:
    if isinstance(source, Mapping):
        source = json.dumps(dict(source))
    if not isinstance(source, Path | str):
        raise Misconfigured(f"{what} must be a Path, a text or a JWK.")
    return Kept(source, read, what)


def _read_decryption_keys(keys: Sequence[Key]) -> list[Kept[DecryptionKey]]:
    if not keys or isinstance(keys, str | Mapping | Path):
        raise Misconfigured("For encrypted bodies, decryption_keys must be a list of keys.")
    return [_kept(each, DecryptionKey.read, "a key of decryption_keys") for each in keys]


def _read_yabot_keys(keys: Key | None) -> Kept[KeySet]:
    if keys is None:
        raise Misconfigured(
            "decryption_keys need yabot_keys beside them: what `yabot service keys` prints."
        )
    return _kept(keys, KeySet.read, "yabot_keys")


def _read_tls(
    base: httpx.URL, certificate: tuple[Path, Path] | None, authority: Path | None
) -> TlsFiles:
    if base.scheme == "http" and (certificate or authority):
        raise Misconfigured("certificate and authority are for https://, and the address has none.")
    if certificate is not None and (isinstance(certificate, str | Path) or len(certificate) != 2):
        raise Misconfigured("certificate must be two files: the certificate, and its key.")
    files = (Path(certificate[0]), Path(certificate[1])) if certificate else None
    return TlsFiles(files, authority and Path(authority), is_used=base.scheme == "https")


def _read_proxy(proxy: str | None) -> httpx.Proxy | None:
    if proxy is None:
        return None
    # It may have a password in it.
    wrong = Misconfigured("proxy must be a URL such as http://proxy:3128.")
    try:
        found = httpx.Proxy(proxy)
    except (ValueError, TypeError, httpx.InvalidURL):
        raise wrong from None
    # For SOCKS, httpx needs a library that the client does not bring along.
    if found.url.scheme not in ("http", "https") or not can_be_reached(found.url):
        raise wrong
    return found


def _require_limits(timeout: float, deadline: float, retries: int) -> None:
    for seconds in (timeout, deadline):
        if not isinstance(seconds, int | float) or not seconds > 0:
            raise Misconfigured("timeout and deadline must be numbers, of more than 0 seconds.")
    if not isinstance(retries, int) or retries < 0:
        raise Misconfigured("retries must be a whole number, 0 or more.")


def _require_nothing_beside_token(service: str | None, key: Key | None, *, encrypts: bool) -> None:
    if service is not None or key is not None or encrypts:
        raise Misconfigured(
            "A token stands instead of service, key, decryption_keys and yabot_keys."
        )

"""A request with a token for it alone, and the answer to it."""

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import Request

from yabot.api.answering import problems
from yabot.api.answering.problems import Refused
from yabot.api.auth import refusals
from yabot.api.auth.claims import ISSUER
from yabot.api.auth.judging import Judge, Judging
from yabot.api.auth.refusals import refuse
from yabot.api.auth.used import UsedTokens
from yabot.api.binding import Binding
from yabot.api.caller import Caller
from yabot.api.encryption.keys import EncryptionKeys
from yabot.api.jose.encryption import decrypt, longest_of
from yabot.api.jose.signing import SigningKey
from yabot.api.jose.unusable import Unusable
from yabot.api.operations.reading import LARGEST_BODY, read_whole
from yabot.api.phases import Message, Receive
from yabot.clock import utc_now

JOSE = b"application/jose"
JSON = "application/json"
ANSWER = "yabot-answer+jwt"
# The exchange's key in the ASGI scope of such a request.
EXCHANGE = "exchange"

RawHeaders = list[tuple[bytes, bytes]]


class Exchanges:
    def __init__(self, keys: EncryptionKeys, used: UsedTokens, judge: Judge) -> None:
        self.keys = keys
        self.used = used
        self.judge = judge

    async def begin(
        self, scope: Message, receive: Receive, caller: Caller, binding: Binding
    ) -> "Exchange":
        """Wait for the body, and begin the exchange. Raises Refused: also if the token was signed
        for another body."""
        signing_key: SigningKey | None = None
        most = LARGEST_BODY
        if caller.encrypt_to is not None:
            _require_answerable(scope)
            # The key is needed now: without it, no answer could follow once the request has taken
            # effect.
            signing_key = self.keys.answering
            most = longest_of(LARGEST_BODY)
        body = await read_whole(Request(scope, receive), most)
        async with Judging(self.judge, scope):
            if not binding.is_of_body(body):
                raise refuse(refusals.BOUND_ELSEWHERE)
            self.used.remember(caller)
        return Exchange(self, scope, caller, binding, body, signing_key)


class Exchange:
    """The caller has made this request; ``prove`` finds out whether it is a copy. No signed answer
    goes out before that: an attacker who held the request back could send it later, and its sender
    would believe the answer that it got before.
    """

    def __init__(
        self,
        shared: Exchanges,
        scope: Message,
        caller: Caller,
        binding: Binding,
        body: bytes,
        signing_key: SigningKey | None,
    ) -> None:
        self._shared = shared
        self._scope = scope
        self._caller = caller
        self._binding = binding
        self._body = body
        self._signing_key = signing_key
        self._is_proven = False

    @property
    def encrypts(self) -> bool:
        """Whether its answer is to be signed and encrypted."""
        return self._is_proven and self._caller.encrypt_to is not None

    def signed(self, header: str) -> str | None:
        """The header's value as the token has it."""
        return Headers(raw=self._all_signed()).get(header)

    async def prove(self) -> None:
        """Take the token, which can be done once. Raises Refused."""
        async with Judging(self._shared.judge, self._scope):
            await self._shared.used.take(self._caller)
        self._is_proven = True

    async def refusing(self, refused: Refused) -> Refused:
        """What to answer to a request that is ``refused``: that, or a refusal of its token."""
        try:
            await self.prove()
        except Refused as unproven:
            return unproven
        return refused

    def open(self) -> bytes:
        """The body, decrypted if need be. From now on the scope has the signed headers.

        Raises Refused.
        """
        sent = Headers(scope=self._scope)
        plain = self._body
        if self._caller.encrypt_to is not None and self._body:
            _require_jose(sent)
            plain = self._decrypted()
        self._scope["headers"] = [*self._all_signed(), *self._of_body(sent, plain)]
        return plain

    def encrypted(self, status: int, headers: RawHeaders, body: bytes) -> bytes:
        """The answer, signed by us and encrypted to the caller."""
        assert self._caller.encrypt_to is not None
        assert self._signing_key is not None
        claims = {
            "iss": ISSUER,
            "aud": self._caller.service,
            "iat": int(utc_now().timestamp()),
            "req": self._caller.token_id,
            "status": status,
            "headers": _by_name(headers),
            **({"body": body.decode()} if body else {}),
        }
        signed = self._signing_key.sign(claims, ANSWER)
        return self._caller.encrypt_to.encrypt(signed.encode(), "JWT").encode()

    def _decrypted(self) -> bytes:
        """One refusal for all that can be wrong: details would help to guess the plaintext."""
        try:
            return decrypt(self._body, self._shared.keys.decrypting, JSON)
        except Unusable:
            raise problems.BODY_NOT_DECRYPTABLE.refuse() from None

    def _all_signed(self) -> RawHeaders:
        headers = self._binding.headers.items()
        return [(name.lower().encode(), value.encode()) for name, value in headers]

    def _of_body(self, sent: Headers, plain: bytes) -> RawHeaders:
        """The headers about the body, the only ones that are taken unsigned from what was sent."""
        if not self._body:
            return []
        length = (b"content-length", str(len(plain)).encode())
        if self._caller.encrypt_to is not None:
            return [length, (b"content-type", JSON.encode())]
        told = [each for each in sent.raw if each[0] in (b"content-type", b"content-encoding")]
        return [length, *told]


def _require_answerable(scope: Message) -> None:
    if scope["method"] == "HEAD":
        raise problems.METHOD_NOT_ALLOWED.refuse(
            "The answer to HEAD has no body, so it cannot be encrypted: ask with GET.",
            Allow="GET",
        )


def _require_jose(sent: Headers) -> None:
    kinds = [value.strip().lower() for name, value in sent.raw if name == b"content-type"]
    if kinds != [JOSE] or "content-encoding" in sent:
        raise problems.MEDIA_TYPE_UNSUPPORTED.refuse(
            "The service encrypts: the body has to be application/jose, without an encoding."
        )


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; the values of one that comes twice are joined, as in RFC 9110."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found

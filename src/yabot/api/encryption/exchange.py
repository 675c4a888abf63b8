"""One request that its token holds for alone, and the answer to it."""

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
# Where the scope of such a request has it.
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
        """When its body has come. Raises Refused: also if the token was signed for another body."""
        signing_key: SigningKey | None = None
        most = LARGEST_BODY
        if caller.encrypt_to is not None:
            _require_answerable(scope)
            # Now, not when it has taken effect: without one, nobody could be told so.
            signing_key = self.keys.answering
            most = longest_of(LARGEST_BODY)
        body = await read_whole(Request(scope, receive), most)
        async with Judging(self.judge, scope):
            if not binding.is_of_body(body):
                raise refuse(refusals.BOUND_ELSEWHERE)
            self.used.remember(caller)
        return Exchange(self, scope, caller, binding, body, signing_key)


class Exchange:
    """Nobody but the caller has sent this request; ``prove`` says whether it comes a second time.

    Before that nothing is answered that is signed: whoever has held the request back could send it
    later, and its sender believe the answer that it has had.
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
        """What the token says of it."""
        return Headers(raw=self._all_signed()).get(header)

    async def prove(self) -> None:
        """Take its token, which can be done once. Raises Refused."""
        async with Judging(self._shared.judge, self._scope):
            await self._shared.used.take(self._caller)
        self._is_proven = True

    async def refusing(self, refused: Refused) -> Refused:
        """What is to be answered to who is ``refused``, or is no second time."""
        try:
            await self.prove()
        except Refused as unproven:
            return unproven
        return refused

    def open(self) -> bytes:
        """The body that was meant; the scope has the headers that were meant, from now on.

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
        """The answer, for nobody but the caller, and nobody's but ours."""
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
        """One refusal for all that can be wrong: which it is would help to guess the plaintext."""
        try:
            return decrypt(self._body, self._shared.keys.decrypting, JSON)
        except Unusable:
            raise problems.BODY_NOT_DECRYPTABLE.refuse() from None

    def _all_signed(self) -> RawHeaders:
        headers = self._binding.headers.items()
        return [(name.lower().encode(), value.encode()) for name, value in headers]

    def _of_body(self, sent: Headers, plain: bytes) -> RawHeaders:
        """What the body is, which is read where no other header is believed."""
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
    """What comes twice stands in one line, as RFC 9110 has it."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found

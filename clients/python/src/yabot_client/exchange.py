"""A call from beginning to end, with all its tries, for whatever kind of client."""

from dataclasses import dataclass
from uuid import uuid4

import httpx

from yabot_client.calls import Answer, Call
from yabot_client.clock import Clock
from yabot_client.errors import Unreachable, UntrustedAnswer, YabotError
from yabot_client.outcomes import Outcome, Refusal
from yabot_client.protection import Protection
from yabot_client.requests import Meant, meant_by
from yabot_client.retrying import Retrying, Tries
from yabot_client.tagged import NOT_MODIFIED
from yabot_client.wire import Failure, HttpResponse, Steps, Wait


@dataclass(frozen=True, slots=True)
class Exchange:
    base: httpx.URL
    protection: Protection
    retrying: Retrying
    # Seconds, of one try.
    timeout: float
    clock: Clock

    def run(self, call: Call) -> Steps[Answer]:
        """Raises YabotError."""
        key = call.idempotency_key
        if call.changes and key is None:
            key = uuid4().hex
        try:
            return (yield from self._tried(call, meant_by(call, self.base, key)))
        except YabotError as error:
            error.idempotency_key = key
            raise

    def _tried(self, call: Call, meant: Meant) -> Steps[Answer]:
        tries = Tries(self.retrying, call.changes or call.method == "GET", self.clock.monotonic())
        mended: set[str] = set()
        while True:
            outcome = yield from self._try(meant, tries.left(self.clock.monotonic()))
            if isinstance(outcome, Answer):
                return _expected(outcome, call)
            if (yield from self._mend(outcome, tries, mended)):
                continue
            wait = tries.wait_after(outcome, self.clock.monotonic())
            if wait is None:
                raise _error_of(outcome)
            yield Wait(wait)

    def _try(self, meant: Meant, left: float) -> Steps[Outcome]:
        prepared = yield from self.protection.prepare(meant, min(self.timeout, left))
        reply = yield prepared.request
        if isinstance(reply, HttpResponse):
            return (yield from self.protection.read(prepared, reply))
        assert isinstance(reply, Failure)
        return reply

    def _mend(self, outcome: Outcome, tries: Tries, mended: set[str]) -> Steps[bool]:
        """Each kind of refusal once."""
        if not isinstance(outcome, Refusal) or outcome.code in mended:
            return False
        if not tries.believes(outcome):
            return False
        mended.add(outcome.code)
        return (yield from self.protection.mend(outcome))


def _expected(answer: Answer, call: Call) -> Answer:
    """Raises UntrustedAnswer for a 304 to who has not said what they have."""
    if answer.status == NOT_MODIFIED and call.if_none_match is None:
        raise UntrustedAnswer("The answer is 304 to a request that has named no ETag.")
    return answer


def _error_of(outcome: Refusal | Failure) -> YabotError:
    return outcome.error if isinstance(outcome, Refusal) else Unreachable(outcome.why)

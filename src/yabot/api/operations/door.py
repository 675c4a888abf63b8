"""Lets a request change something: as a cause like any other, decided and committed once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

from starlette.responses import Response

from yabot.api.answering import answers, problems
from yabot.api.answering.answers import REPLAYED, Answer, Asked
from yabot.api.answering.problems import Refused
from yabot.api.operations.requests import Change
from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable, TransientError
from yabot.events.operations import OperationCompleted, Outcome
from yabot.log.audit import audited
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import outage_of_sql

CONSUMER = "api"
# Seconds for which a commit that SQL has not confirmed is retried, before the client is told.
CONFIRM_WITHIN = 3.0

# Reads, decides, and adds to the unit what is to happen. Raises Refused or InvalidInput if a rule
# forbids it: then nothing of the unit happens, and a repeat gets the same refusal.
Decision = Callable[[UnitOfWork], Awaitable[Answer]]


class Door:
    def __init__(self, commits: CommitLog, confirm_within: float = CONFIRM_WITHIN) -> None:
        self._commits = commits
        self._confirm_within = confirm_within

    async def change(
        self, change: Change, decision: Decision, user_id: str | None = None
    ) -> Response:
        """The answer of ``decision``, committed with its effects, or the answer that the same
        request got before.

        ``user_id`` is whom the request is about: the answer is forgotten with them. Raises Refused
        for a key that another request has used, when others keep changing the same data, and when
        it is unknown whether the request took effect; StoreUnavailable when it took none.
        """
        if change.has_key and (before := await self._replayed(change)) is not None:
            return before
        request = _Request(change, decision, user_id, self._confirm_within)
        try:
            decided = await self._commits.decide(
                request.cause, request.decide, waits_out=request.take_failure
            )
        except GuardFailed as failure:
            raise problems.TOO_BUSY.refuse(Retry_After="1") from failure
        except StoreUnavailable as failure:
            if request.may_have_happened:
                raise problems.OUTCOME_UNKNOWN.refuse(Retry_After="1") from failure
            raise
        if not decided.committed.duplicate:
            return decided.answer.response
        if (before := await self._replayed(change)) is None:
            # The receipt is still there, the answer is not: nothing was changed now.
            raise problems.ANSWER_FORGOTTEN.refuse()
        return before

    async def _replayed(self, change: Change) -> Response | None:
        """The answer to an earlier request with this key; None: there was none. Raises Refused."""
        found = await self._commits.database.read(answers.find(change.caller.service, change.key))
        if found is None:
            return None
        fingerprint, answer = found
        if fingerprint != change.fingerprint:
            raise problems.KEY_REUSED.refuse()
        response = answer.response
        response.headers[REPLAYED] = "true"
        return response


class _Request:
    """One request while it is decided."""

    def __init__(
        self, change: Change, decision: Decision, user_id: str | None, confirm_within: float
    ) -> None:
        self.cause = Cause(
            CONSUMER, change.cause_id, change.correlation_id, alias=change.cause_in_log
        )
        # Whether the last decision got as far as its commit, and whether an earlier one was left
        # unconfirmed. A guard that fails shows that nothing has happened.
        self._is_submitted = False
        self._was_unconfirmed = False
        self._change = change
        self._decision = decision
        self._asked = Asked(change.caller.service, change.key, change.fingerprint, user_id)
        self._begun = perf_counter()
        self._clock = asyncio.get_running_loop().time
        self._gives_up_at = self._clock() + confirm_within

    @property
    def may_have_happened(self) -> bool:
        """After a failure of SQL: whether an unconfirmed commit may have taken effect."""
        return self._is_submitted or self._was_unconfirmed

    async def decide(self, work: UnitOfWork) -> Answer:
        self._is_submitted = False
        answer, completed = await self._decided(work)
        work.add(answers.keep(self._asked, answer))
        told = {"by": self._change.by, "operation": completed.operation, "cause_id": self.cause.id}
        work.add(audited("api_request", told, self._asked.user_id))
        work.publish(completed)
        self._is_submitted = True
        return answer

    def take_failure(self, failure: TransientError) -> bool:
        """Note whether a commit is unconfirmed, after any failure but a lost race. True if it is to
        be retried; if a store only failed to be read, the client has to retry."""
        self._was_unconfirmed = self.may_have_happened
        waits = self._was_unconfirmed and self._clock() < self._gives_up_at
        return waits and outage_of_sql(failure)

    async def _decided(self, work: UnitOfWork) -> tuple[Answer, OperationCompleted]:
        draft = work.draft()
        try:
            answer = await self._decision(draft)
        except (Refused, InvalidInput) as error:
            refused = error if isinstance(error, Refused) else problems.INVALID.refuse(str(error))
            told = Answer.of_refusal(refused, self._change.correlation_id)
            return told, self._completed("rejected", refused.code)
        work.absorb(draft)
        return answer, self._completed("ok")

    def _completed(self, outcome: Outcome, code: str | None = None) -> OperationCompleted:
        return OperationCompleted(
            operation=self._change.operation,
            outcome=outcome,
            duration_ms=(perf_counter() - self._begun) * 1000,
            error_code=code,
        )

"""Every operation of the document, asked by schemathesis: what fits, and what does not.

Nothing that it thinks of gives a 500, and every answer is one that the document promises.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from tests.api.client import serving
from tests.features.harness import Harness
from tests.features.narrative.stories import SMALL_STORY
from tests.tiers import examples
from yabot.api.caller import SCOPES
from yabot.api.openapi.document import build_document
from yabot.api.records.recorder import RequestRecorder
from yabot.app.api import offered
from yabot.app.features import FEATURES
from yabot.feature import collections_of
from yabot.features.items.demo import demo_items
from yabot.features.items.shelf import Shelf
from yabot.features.narrative.library import Library
from yabot.features.narrative.story import parse_story
from yabot.redaction import Redactor
from yabot.storage.documents.store import DocumentStore

pytestmark = pytest.mark.slow

FITTING, UNFIT = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CONFORMING = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CHECKS = {FITTING: CONFORMING, UNFIT: [*CONFORMING, checks.negative_data_rejection]}
# How often what fits is aimed at what there is: the rest looks for what there is not.
AIMED = 0.8
# Nearly every walk comes to a deletion; so many that do not say that it cannot be reached.
MOST_WALKS = 20


@pytest.fixture
async def unreachable(documents: DocumentStore) -> DocumentStore:
    """For the harness: a MongoDB that answers, and holds a story and items."""
    await documents.ensure(collections_of(FEATURES))
    await Library(documents).replace(parse_story(SMALL_STORY, "tale.yaml"))
    await Shelf(documents).fill(demo_items())
    return documents


@dataclass
class Fuzzer:
    """Asks over one connection, in a thread: what is asked answers in the loop."""

    url: str
    schema: Any
    # By the parameter's or field's name: what there is.
    known: Mapping[str, Sequence[str]]
    # What was answered to what fits, by operation.
    heard: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _chance: Random = field(default_factory=lambda: Random(12))
    _keys: Iterator[int] = field(default_factory=count)

    def ask_everything(
        self, authorization: str | None, modes: Sequence[GenerationMode], times: int
    ) -> list[str]:
        """A text for each operation that errs, and how."""
        errors = []
        self.heard.clear()
        with requests.Session() as session:
            session.auth = _Authorization(authorization)
            for found in self.schema.get_all_operations():
                for mode in modes:
                    try:
                        # Whatever is sent to an operation without parameters fits it.
                        with suppress(Unsatisfiable):
                            self._ask(found.ok(), mode, session, times)
                    except FailureGroup as failure:
                        errors.append(f"{found.ok().label}, {mode.value}: {failure}")
        return errors

    def _ask(
        self, operation: Any, mode: GenerationMode, session: requests.Session, times: int
    ) -> None:
        @settings(
            max_examples=times,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            if mode is FITTING:
                self._aim(case)
            answered = case.call(base_url=self.url, session=session)
            if mode is FITTING:
                self.heard[operation.label].add(answered.status_code)
            case.validate_response(answered, checks=CHECKS[mode])

        ask()

    def go_on_from_answers(self, authorization: str, ways: int, steps: int) -> None:
        """Walk from one operation on users to others with what was answered.

        Which answer leads where, schemathesis finds in the document. Raises what errs.
        """
        fuzzer, session = self, requests.Session()
        session.auth = _Authorization(authorization)
        of_users = self.schema.include(path_regex=r"^/api/v1/users?(/|$)")

        class Walk(of_users.as_state_machine()):  # type: ignore[misc]
            def get_call_kwargs(self, _case: Case[Any]) -> dict[str, Any]:
                return {"base_url": fuzzer.url, "session": session}

            def before_call(self, case: Case[Any]) -> None:
                number = next(fuzzer._keys)
                if "Idempotency-Key" in case.headers:
                    case.headers["Idempotency-Key"] = f"walked-{number}"
                # Each way has users of its own: hypothesis takes a way for one that ends always
                # as it did.
                if case.operation.label == "POST /api/v1/users" and isinstance(case.body, dict):
                    case.body["user_id"] = f"{900_000 + number}"

            def validate_response(
                self, response: Any, case: Case[Any], *_more: Any, **_named: Any
            ) -> None:
                fuzzer.heard[case.operation.label].add(response.status_code)
                case.validate_response(response, checks=CONFORMING)

        with session:
            Walk.run(
                settings=settings(
                    max_examples=ways,
                    stateful_step_count=steps,
                    database=None,
                    derandomize=True,
                    deadline=None,
                    phases=[Phase.generate],
                    suppress_health_check=[*HealthCheck],
                )
            )

    def _aim(self, case: Case[Any]) -> None:
        """At what there is, with a key of its own; nobody is deleted for whom others ask."""
        body = case.body if isinstance(case.body, dict) else {}
        for name, choices in self.known.items():
            for place in (case.path_parameters, body):
                if name in place and case.method != "DELETE" and self._hits():
                    place[name] = self._chance.choice(choices)
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"fuzzed-{next(self._keys)}"
        for name in ("If-Match", "after"):
            if self._hits():
                case.headers.pop(name, None)
                case.query.pop(name, None)

    def _hits(self) -> bool:
        return self._chance.random() < AIMED


class _Authorization(requests.auth.AuthBase):
    """Whatever schemathesis has thought of for that header."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self._value is not None:
            request.headers["Authorization"] = self._value
        return request


@pytest.fixture
async def fuzzer(harness: Harness) -> AsyncIterator[Fuzzer]:
    parts = offered(harness.services, harness.features, Redactor(), RequestRecorder())
    # Tokens are spoilt by other tests, each in its own way.
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(build_document(parts), config=config)
    names = [(await harness.join()).user_id for _ in range(3)]
    known = {
        **dict.fromkeys(("user_id", "from", "to"), names),
        "item_id": [item.item_id for item in demo_items()],
        "fragment_id": ["gate", "hall", "garden"],
    }
    async with serving(*parts) as client:
        yield Fuzzer(str(client.session._base_url), schema, known)


async def test_nothing_gives_a_500_and_every_answer_is_promised(fuzzer: Fuzzer) -> None:
    everything = f"Bearer orders {' '.join(SCOPES)}"
    errors = await asyncio.to_thread(
        fuzzer.ask_everything, everything, (FITTING, UNFIT), examples(12)
    )
    assert not errors, "\n\n".join(errors)
    # It reaches what stands behind the checks of form.
    succeeded = [name for name, statuses in fuzzer.heard.items() if min(statuses) < 300]
    assert len(succeeded) > len(fuzzer.heard) * 0.7


async def test_what_is_made_is_found_changed_and_deleted_as_the_document_says(
    fuzzer: Fuzzer,
) -> None:
    everything = f"Bearer orders {' '.join(SCOPES)}"
    made, gone = fuzzer.heard["POST /api/v1/users"], fuzzer.heard["DELETE /api/v1/user/{user_id}"]
    # Where the ways lead is chance, another with each length.
    for steps in range(8, 8 + MOST_WALKS):
        await asyncio.to_thread(fuzzer.go_on_from_answers, everything, examples(12), steps)
        if 201 in made and 204 in gone:
            return
    pytest.fail(f"{MOST_WALKS} walks have not come to a user's end: {dict(fuzzer.heard)}")


@pytest.mark.parametrize(("authorization", "status"), [(None, 401), ("Bearer orders", 403)])
async def test_without_a_token_or_a_scope_nothing_is_answered(
    fuzzer: Fuzzer, authorization: str | None, status: int
) -> None:
    errors = await asyncio.to_thread(fuzzer.ask_everything, authorization, (FITTING,), 2)
    assert not errors, "\n\n".join(errors)
    assert {answered for found in fuzzer.heard.values() for answered in found} == {status}

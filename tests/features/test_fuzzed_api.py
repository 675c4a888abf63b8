"""Every operation of the document, asked by schemathesis: what fits, and what does not.

Nothing that it thinks of gives a 500, and every answer is one that the document promises.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

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
from yabot.api.recorder import RequestRecorder
from yabot.app.api import offered
from yabot.app.features import FEATURES
from yabot.feature import collections_of
from yabot.features.narrative.library import Library
from yabot.features.narrative.story import parse_story
from yabot.redaction import Redactor
from yabot.storage.documents.store import DocumentStore

CONFORMING = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MODES = {
    GenerationMode.POSITIVE: CONFORMING,
    GenerationMode.NEGATIVE: [*CONFORMING, checks.negative_data_rejection],
}


@pytest.fixture
async def unreachable(documents: DocumentStore) -> DocumentStore:
    """For the harness: a MongoDB that answers, and holds a story."""
    await documents.ensure(collections_of(FEATURES))
    await Library(documents).replace(parse_story(SMALL_STORY, "tale.yaml"))
    return documents


@dataclass
class Fuzzer:
    """Asks over one connection, in a thread: what is asked answers in the loop."""

    url: str
    schema: Any
    # By the parameter's name: what there is, for a request that fits to find.
    known: Mapping[str, Sequence[str]]

    def ask_everything(self) -> list[str]:
        """A text for each operation that errs, and how."""
        errors = []
        with requests.Session() as session:
            session.auth = _with_token
            for found in self.schema.get_all_operations():
                for mode in MODES:
                    try:
                        # Whatever is sent to an operation without parameters fits it.
                        with suppress(Unsatisfiable):
                            self._ask(found.ok(), mode, session)
                    except FailureGroup as failure:
                        errors.append(f"{found.ok().label}, {mode.value}: {failure}")
        return errors

    def _ask(self, operation: Any, mode: GenerationMode, session: requests.Session) -> None:
        @settings(
            max_examples=examples(12),
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            if mode is GenerationMode.POSITIVE:
                self._aim(case)
            answered = case.call(base_url=self.url, session=session)
            case.validate_response(answered, checks=MODES[mode])

        ask()

    def _aim(self, case: Case[Any]) -> None:
        """At what there is, twice of three times, and with a key of its own."""
        for name, choices in self.known.items():
            if name in case.path_parameters and uuid4().int % 3:
                case.path_parameters[name] = choices[uuid4().int % len(choices)]


def _with_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Whatever schemathesis has thought of for that header."""
    request.headers["Authorization"] = f"Bearer orders {' '.join(SCOPES)}"
    return request


async def test_nothing_gives_a_500_and_every_answer_is_promised(harness: Harness) -> None:
    parts = offered(harness.services, harness.features, Redactor(), RequestRecorder())
    # Tokens are asked for by other tests, each wrong in its own way.
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(build_document(parts), config=config)
    readers = [await harness.join() for _ in range(3)]
    known = {
        "user_id": [reader.user_id for reader in readers],
        "fragment_id": ["gate", "hall", "garden"],
    }
    async with serving(*parts) as client:
        fuzzer = Fuzzer(str(client.session._base_url), schema, known)
        errors = await asyncio.to_thread(fuzzer.ask_everything)
        assert not errors, "\n\n".join(errors)

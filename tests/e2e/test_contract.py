"""What the running program promises to other services: in its document, and in every answer."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.api.tokens import bearer
from tests.e2e.program import Program
from tests.waiting import PATIENCE

Json = dict[str, Any]
USER = {"user_id": "777000222", "first_name": "Iris"}
PREFERENCES = {"language": "es", "notifications_enabled": True, "theme": "dark"}
REFUSED = ("invalid_request", "cursor_invalid", "body_missing", "body_malformed")

# By any model.
WRONG: tuple[Any, ...] = ({"no_such_field": 1}, [], "text", None, {"$where": "1"})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class Service:
    """Another service, with a token for everything unless it says otherwise."""

    def __init__(self, program: Program) -> None:
        self._port = int(program.settings["API_PORT"])
        self._token = bearer(program)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """``body`` as JSON, unless it is bytes; ``If_Match`` is the header If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        connection.request(method, path, content, {**self._token, **told, **named})
        answered = connection.getresponse()
        answer = Answer(answered.status, answered.headers, answered.read())
        connection.close()
        return answer


@pytest.fixture
def service(playing: Program) -> Service:
    return Service(playing)


@pytest.fixture
def document(service: Service) -> Json:
    found: Json = service.ask("GET", "/openapi.json").body
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


@pytest.mark.criterion("4.1.1")
def test_what_it_serves_is_described_in_openapi_3_0(service: Service, document: Json) -> None:
    assert document["openapi"] == "3.0.3"
    assert [*OpenAPIV30SpecValidator(document).iter_errors()] == []
    assert {
        "/api/v1/user/{user_id}/state",
        "/api/v1/user/{user_id}/preferences",
        "/api/v1/user/{user_id}/subscription",
        "/api/v1/narrative/{fragment_id}",
    } <= document["paths"].keys()
    for method, path, _ in operations(document):
        # Each is there: whoever asks for another method is told of it.
        allowed = service.ask("OPTIONS", _filled(path)).headers["Allow"]
        assert method in allowed.split(", ")


@pytest.mark.criterion("4.1.2")
@pytest.mark.criterion("4.1.3")
def test_users_are_made_read_changed_and_deleted(service: Service) -> None:
    path = f"/api/v1/user/{USER['user_id']}"
    for method, place, body, status in (
        ("POST", "/api/v1/users", USER, 201),
        ("GET", path, None, 200),
        ("PUT", f"{path}/preferences", PREFERENCES, 200),
        ("DELETE", path, None, 204),
        ("GET", path, None, 404),
    ):
        answered = service.ask(method, place, body)
        assert answered.status == status, (method, place, answered.content)
        kind = "application/problem+json" if status == 404 else "application/json"
        if answered.content:
            assert answered.headers["Content-Type"] == kind
            assert isinstance(answered.body, dict)


@pytest.mark.criterion("4.1.4")
def test_whatever_fails_is_told_in_one_form(
    playing: Program, service: Service, document: Json
) -> None:
    state, preferences = "/api/v1/user/1/state", "/api/v1/user/1/preferences"
    found = {
        "malformed_request": service.ask("GET", f"{state}?a=%zz"),
        "body_malformed": service.ask("PUT", preferences, b'{"theme": NaN}'),
        "body_missing": service.ask("PUT", preferences),
        "token_malformed": service.ask("GET", state, Authorization=""),
        "scope_missing": service.ask("GET", state, **bearer(playing, "besitos:read")),
        "path_unknown": service.ask("GET", "/api/v1/nothing"),
        "user_unknown": service.ask("GET", state),
        "method_not_allowed": service.ask("DELETE", state),
        "body_too_large": service.ask("PUT", preferences, b" " * (256 * 1024 + 1)),
        "media_type_unsupported": service.ask(
            "PUT", preferences, PREFERENCES, Content_Type="text/plain"
        ),
        "invalid_request": service.ask("PUT", preferences, {**PREFERENCES, "theme": "pink"}),
    }
    schemas = {"components": document["components"]}
    form = OAS30Validator({"$ref": "#/components/schemas/Problem", **schemas})
    for code, answered in found.items():
        assert answered.headers["Content-Type"] == "application/problem+json"
        assert form.is_valid(answered.body)
        assert (answered.body["code"], answered.body["status"]) == (code, answered.status)
        assert answered.body["correlation_id"] == answered.headers["X-Correlation-Id"]
        assert len(answered.body["detail"]) > 10


@pytest.mark.criterion("sec.3")
def test_every_input_of_every_operation_is_validated(service: Service, document: Json) -> None:
    for method, path, operation in operations(document):
        filled, name = _filled(path), operation["operationId"]
        body = operation.get("requestBody")
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                wrong = path.replace(f"{{{parameter['name']}}}", "$ne.%7B%7D" + "x" * 300)
                _require_refused(service.ask(method, _filled(wrong), body and {}), name)
        _require_refused(service.ask(method, f"{filled}?no_such_parameter=1", body and {}), name)
        if body:
            (content,) = body["content"].values()
            for wrong_body in (*WRONG, {**content["example"], "no_such_field": 1}):
                _require_refused(service.ask(method, filled, wrong_body), name)
        if any(parameter["name"] == "limit" for parameter in operation["parameters"]):
            for limit in ("0", "-1", "1e3", "999999", "", "1;drop"):
                _require_refused(service.ask(method, f"{filled}?limit={limit}"), name)


@pytest.mark.criterion("sec.3")
def test_every_name_in_the_query_and_every_header_is_validated(
    service: Service, document: Json
) -> None:
    for method, path, operation in operations(document):
        filled, name = _filled(path), operation["operationId"]
        contents = operation.get("requestBody", {}).get("content", {}).values()
        body = next((content["example"] for content in contents), None)
        for parameter in operation["parameters"]:
            if parameter["in"] == "query":
                query = f"?{parameter['name']}=%C3%A9"
                _require_refused(service.ask(method, filled + query, body), name)
            elif parameter["in"] == "header":
                header = {parameter["name"].replace("-", "_"): "é"}
                _require_refused(service.ask(method, filled, body, **header), name)


def _require_refused(answered: Answer, name: str) -> None:
    assert answered.status in (400, 422), (name, answered)
    assert answered.body["code"] in REFUSED, name


def _filled(path: str) -> str:
    """With ids that fit the pattern of any of them."""
    steps = ["1" if step.startswith("{") else step for step in path.split("/")]
    return "/".join(steps)

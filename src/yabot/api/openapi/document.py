"""The OpenAPI 3.0.3 document of all operations; the order of the features does not change it."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi

from yabot.api.answering.problems import ProblemBody
from yabot.api.openapi import finishing
from yabot.api.openapi.converter import converted, plain_name
from yabot.api.openapi.headers import HEADERS
from yabot.api.openapi.operation import Operation
from yabot.api.openapi.refusals import examples
from yabot.api.operations.routes import Routes

Json = dict[str, Any]

ABOUT = """What other services ask of YABOT, and change in it.

Every request carries a token (`Authorization: Bearer …`) of a service that has the scope which the
operation names. What fails is answered with `application/problem+json`, whose `code` is stable.
A change takes effect once for each `Idempotency-Key`. Further fields in answers, and further codes,
may come at any time: ignore what you do not know. In YABOT's repository, docs/api.md tells the
rest.

A service may be registered to encrypt. Then all of this is what stands inside its JWE: outside, its
bodies and the answers to it are `application/jose`, and the answers' status is 200: in YABOT's
repository, docs/api-encryption.md tells how."""
# The order in which a path's operations are listed.
METHODS = ("get", "put", "post", "delete")
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")


def build_document(offered: Iterable[Routes]) -> Json:
    """Raises ValueError for a schema that OpenAPI 3.0 cannot express."""
    parts = list(offered)
    own = {name: problems for part in parts for name, problems in part.refusals.items()}
    raw = get_openapi(
        title="YABOT",
        version=version("yabot"),
        openapi_version="3.1.0",
        description=ABOUT,
        routes=[route for part in parts for route in part.router.routes],
    )
    schemas = _schemas(raw)
    operations = {
        (path, method): Operation(item[method], own[item[method]["operationId"]])
        for path, item in sorted(raw["paths"].items())
        for method in METHODS
        if method in item
    }
    refused = {problem for each in operations.values() for problem in each.refused}
    document: Json = {
        "openapi": "3.0.3",
        "info": raw["info"],
        "tags": [{"name": tag} for tag in sorted({each.tag for each in operations.values()})],
        "security": [{"token": []}],
        "paths": _paths(operations),
        "components": {
            "schemas": schemas,
            "responses": {},
            "examples": examples(refused),
            "headers": HEADERS,
            "securitySchemes": {"token": TOKEN},
        },
    }
    finishing.tell_answers_from_bodies(document)
    finishing.show_examples(document)
    finishing.share_refusals(document)
    return document


TOKEN: Json = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of a registered service, whose `scope` holds the operation's "
    "`x-required-scope`.",
}


def _paths(operations: dict[tuple[str, str], Operation]) -> Json:
    paths: Json = {}
    for (path, method), operation in operations.items():
        paths.setdefault(path, {})[method] = operation.described()
    return paths


def _schemas(raw: Json) -> Json:
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    found = {**raw.get("components", {}).get("schemas", {}), **problem.pop("$defs")}
    found["Problem"] = problem
    return {
        plain_name(name): converted(schema)
        for name, schema in sorted(found.items())
        if name not in _FASTAPIS_OWN
    }

"""A service that encrypts, let in by an operator beside a running program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.api.auth.operating import Operator
from tests.api.encryption.service import Service


@contextmanager
def registered(operator: Operator, ahead: float = 0) -> Iterator[Service]:
    """It has been given YABOT's keys as a file; its clock is ``ahead`` of the machine's."""
    service = Service(ahead=ahead)
    options = (*operator.key_file(service.forge), *operator.encrypt_to(service.recipient))
    scopes = ("--scope", "users:read", "--scope", "users:write")
    operator.types("service", "add", service.forge.service, *scopes, *options)
    service.learn(json.loads(operator.types("service", "keys", "--json"))["keys"])
    yield service
    operator.types("service", "remove", service.forge.service)

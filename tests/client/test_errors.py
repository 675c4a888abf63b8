"""Errors go where exceptions go: also to another process, and into a copy."""

import copy
import pickle
from collections.abc import Callable

import pytest

from yabot_client import (
    FieldError,
    Misconfigured,
    Refused,
    Unreachable,
    UntrustedAnswer,
    YabotError,
)
from yabot_client.codes import CODES

Again = Callable[[YabotError], YabotError]
AGAIN: list[Again] = [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy]


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("code", ["no_such_code_yet", *CODES])
def test_a_refusal_is_the_same_again(code: str, again: Again) -> None:
    error = CODES.get(code, Refused)(
        422,
        code,
        "It breaks a rule.",
        errors=[FieldError("/theme", "It is no theme.")],
        correlation_id="c-1",
        retry_after=3.0,
    )
    error.idempotency_key = "order-7"
    found = again(error)
    assert type(found) is type(error)
    assert (str(found), vars(found)) == (str(error), vars(error))


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("kind", [Misconfigured, Unreachable, UntrustedAnswer])
def test_so_is_every_other_error(kind: type[YabotError], again: Again) -> None:
    error = kind("It is so.")
    error.idempotency_key = "order-7"
    found = again(error)
    assert (type(found), str(found), vars(found)) == (kind, "It is so.", vars(error))

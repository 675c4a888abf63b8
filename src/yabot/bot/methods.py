"""How each method of the Bot API is to be called: beside which other calls, and for how long."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """A call fails for good after ``errors`` server errors, or when an attempt fails and it is
    older than ``age``. While Telegram is away only the age counts.
    """

    errors: int
    age: timedelta
    # The call is outside the order of its chat: it waits for no other call, and none waits for it.
    alone: bool = False
    # Whether anybody misses it; then administrators hear that it has failed.
    missed: bool = True
    # Whether somebody is owed what it does; then a refusal counts as a failure, too.
    owed: bool = False


# Later calls of its chat wait meanwhile: an hour when Telegram answers every call with errors, with
# the longest pauses between them; two or three minutes when only this call fails.
IN_ORDER = MethodPolicy(errors=120, age=timedelta(days=1))
# An error that only this call gets counts as this many.
SINGLED_OUT = 10

POLICIES = {
    # Telegram forgets a press within minutes, a checkout within ten seconds.
    "answerCallbackQuery": MethodPolicy(20, timedelta(minutes=2), alone=True, missed=False),
    "answerPreCheckoutQuery": MethodPolicy(10, timedelta(seconds=10), alone=True),
    # Somebody's money; reconciliation asks for it again in any case.
    "refundStarPayment": MethodPolicy(2_000, timedelta(days=30), alone=True, owed=True),
}
ALONE = tuple(method for method, policy in POLICIES.items() if policy.alone)


def policy_of(method: str) -> MethodPolicy:
    return POLICIES.get(method, IN_ORDER)

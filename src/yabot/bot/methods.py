"""How each method of the Bot API is to be called: beside which other calls, and for how long."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """A call fails for good when Telegram has answered it with so many errors of its own, or when
    an attempt fails and it is as old as this. While Telegram is away only time counts.
    """

    errors: int
    age: timedelta
    # It has no place among the other calls of its chat: it waits for none, and none waits for it.
    alone: bool = False
    # Whether anybody misses it, so that administrators are to hear that it has failed.
    missed: bool = True
    # Whether a refusal is a failure like any other: somebody is owed what it does.
    owed: bool = False


# What is behind it in its chat waits: an hour when Telegram answers all with errors, with the
# longest pauses between them; two or three minutes when it is this one alone.
IN_ORDER = MethodPolicy(errors=120, age=timedelta(days=1))
# An error that only this call gets counts as this many.
SINGLED_OUT = 10

POLICIES = {
    # Telegram forgets a press within minutes, a checkout within ten seconds.
    "answerCallbackQuery": MethodPolicy(20, timedelta(minutes=2), alone=True, missed=False),
    "answerPreCheckoutQuery": MethodPolicy(10, timedelta(seconds=10), alone=True),
    # Somebody's money: and reconciliation asks for it again in any case.
    "refundStarPayment": MethodPolicy(2_000, timedelta(days=30), alone=True, owed=True),
}
ALONE = tuple(method for method, policy in POLICIES.items() if policy.alone)


def policy_of(method: str) -> MethodPolicy:
    return POLICIES.get(method, IN_ORDER)

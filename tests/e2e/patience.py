"""Lets a program wait for its stores and for Telegram as long as a test waits for it: on a busy
machine each of them stands still for seconds now and then, and is not away.

For the tests that take something away the program has its own patience, which is what they are
about.
"""

from importlib import import_module

from tests.waiting import PATIENCE

# Where `yabot doctor` counts the seconds.
OF_DOCTOR = (("yabot.cli.probes", "PATIENCE_S"), ("yabot.cli.rehearsal", "PATIENCE_S"))
# Where programs do.
BOUNDS = (
    ("yabot.runtime.watch", "PING_SECONDS"),
    ("yabot.app.watches", "PING_SECONDS"),
    ("yabot.app.foundation", "FIRST_ANSWER"),
    ("yabot.app.bot", "FIRST_ANSWER"),
    ("yabot.app.services", "CATCH_UP"),
    ("yabot.api.counters", "PATIENCE"),
    ("yabot.bot.pre_checkout", "DECIDE_WITHIN"),
    ("yabot.bot.pre_checkout", "TELL_WITHIN"),
    # And the playground, as Telegram, for it.
    ("yabot.playground.store.payments", "CHECKOUT_S"),
    *OF_DOCTOR,
)
# Where its settings do.
SETTINGS = dict.fromkeys(
    ("MONGODB_TIMEOUT_MS", "REDIS_TIMEOUT_MS", "SQL_TIMEOUT_MS"), f"{PATIENCE * 1000:.0f}"
)


def be_patient() -> None:
    """From now on this process is."""
    for module, bound in BOUNDS:
        assert hasattr(import_module(module), bound), f"{module} has no {bound}"
        setattr(import_module(module), bound, PATIENCE)

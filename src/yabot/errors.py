"""One tree of errors. The class says whether trying again can help; the code is stable.

YabotError
├── ConfigurationError      exit 78: the operator mends the environment
├── StartupError            exit 1: a store answers, but refuses or differs; or features do not
│   │                       fit together
│   └── SchemaMismatch      what is stored is not what this version expects
├── TransientError          the same call may succeed later
│   ├── StoreUnavailable    a store does not answer, or refuses us for now
│   ├── GuardFailed         somebody else changed the state first: decide again
│   └── LeaseLost           another process works there now: leave it alone
└── TerminalError           the same call can never succeed
    ├── InvalidInput        the caller sent something that breaks a rule
    └── StoryInvalid        a story file breaks a rule; names the lines
"""

from collections.abc import Sequence


class YabotError(Exception):
    """An error whose message is one sentence for people, and whose ``code`` is for programs."""

    code = "internal_error"
    exit_code = 1


class ConfigurationError(YabotError):
    """The configuration cannot work; ``problems`` names each mistake in one line."""

    code = "configuration_invalid"
    exit_code = 78

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StartupError(YabotError):
    code = "startup_failed"


class SchemaMismatch(StartupError):
    code = "schema_mismatch"

    def __init__(self, store: str, differences: Sequence[str], mend: str = "") -> None:
        self.store = store
        self.differences = tuple(differences)
        lines = [f"  - {difference}" for difference in self.differences]
        said = [f"{store} does not have the schema that this version needs:", *lines]
        super().__init__("\n".join([*said, mend] if mend else said))


class TransientError(YabotError):
    code = "temporarily_failed"


class StoreUnavailable(TransientError):
    """The store did not answer, or refuses us: whether the call took effect is unknown."""

    code = "store_unavailable"

    def __init__(self, store: str, reason: str) -> None:
        self.store = store
        self.reason = reason
        super().__init__(f"{store} is not available: {reason}")


class GuardFailed(TransientError):
    code = "guard_failed"


class LeaseLost(TransientError):
    code = "lease_lost"


class TerminalError(YabotError):
    code = "failed"


class InvalidInput(TerminalError):
    code = "invalid_input"


class StoryInvalid(TerminalError):
    """``problems`` holds one line for each mistake, with its place in the file."""

    code = "story_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def code_of(error: BaseException) -> str:
    """The error's code; that of YabotError for a library's error, whose own code is not used."""
    return error.code if isinstance(error, YabotError) else YabotError.code

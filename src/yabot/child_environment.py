"""The part of our environment that child processes get: how to run, and no secret."""

import os
import re

# Anything else may be a token or a password, which no child needs or should show in a dump.
PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|TZ|TMPDIR|(LC|LD|DYLD|PYTHON|MALLOC|GLIBC)_?[A-Z_]+"
)


def child_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}

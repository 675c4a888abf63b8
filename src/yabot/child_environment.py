"""What a child process learns of our environment: how to run, and no secret."""

import os
import re

# A token, a store's password: whatever else is set is nobody's business, nor in a child's dump.
PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|TZ|TMPDIR|(LC|LD|DYLD|PYTHON|MALLOC|GLIBC)_?[A-Z_]+"
)


def child_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}

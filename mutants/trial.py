"""Runs tests in the copy and says what came of them."""

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import pytest

from mutants.checkout import Checkout
from mutants.mutant import Mistake

# A CI's, where a skipped test would look like a kill; what makes each start compile all it imports.
UNWANTED = {"CI", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
# Seconds that all tests of a criterion may take; what takes longer hangs.
LONGEST = 900.0
OPTIONS = (
    *("-q", "--tb=short", "-rfE"),
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "mutants.impatient"),
    *("-n", "0"),
    *("-o", "timeout=90", "-o", "addopts=--strict-markers"),
    *("-p", "no:schemathesis", "-p", "no:valkey"),
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py::.+?)(?: - .*)?$", re.MULTILINE)

Outcome = Literal["killed", "hung", "survived"]


@dataclass(frozen=True, slots=True)
class Trial:
    outcome: Outcome
    seconds: float
    # The tests that failed.
    by: tuple[str, ...] = ()
    output: str = ""


async def run_tests(checkout: Checkout, tests: Sequence[str], *options: str) -> Trial:
    """Raises Mistake when pytest could not run them, or there are none."""
    started = monotonic()
    command = [str(checkout.python), "-m", "pytest", *OPTIONS, *options, *tests]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=checkout.folder,
        env=_environment(checkout),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LONGEST):
            printed, _ = await process.communicate()
    except TimeoutError:
        return Trial("hung", monotonic() - started)
    finally:
        _end_group(process.pid)
        await process.wait()
    seconds, output = monotonic() - started, printed.decode()
    failed = tuple(_FAILED.findall(output))
    if process.returncode == pytest.ExitCode.OK:
        return Trial("survived", seconds, output=output)
    if process.returncode == pytest.ExitCode.TESTS_FAILED and failed:
        return Trial("killed", seconds, failed, output)
    raise Mistake(f"pytest could not run the tests (exit {process.returncode}):\n{_end(output)}")


def _environment(checkout: Checkout) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return kept | {"PATH": _path(checkout)}


def _path(checkout: Checkout) -> str:
    return f"{checkout.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _end_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _end(output: str) -> str:
    return "\n".join(output.splitlines()[-25:])

"""Ports for programs that are killed and started again on the same one."""

import os
import random
from itertools import cycle

from yabot.embedded.ports import is_free

# Below those of the embedded engines, and so below what is given to outgoing connections: one of
# these could take a program's port while it is dead.
PORTS = range(10_000, 20_000)
# Each process of a test run has its own, so that none takes what another is about to use.
SHARES = 16


def free_port() -> int:
    """None of the last six hundred that this process was given."""
    return next(port for port in _in_turn if is_free(port))


def _own_ports() -> list[int]:
    share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    own = list(PORTS[share::SHARES])
    # Begun anywhere: two test runs on one machine then rarely meet.
    start = random.randrange(len(own))
    return own[start:] + own[:start]


_in_turn = cycle(_own_ports())

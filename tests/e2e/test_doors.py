"""The running program's listeners, as a stranger finds them who knows nothing but a port."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.program import Program
from tests.runtime.raw import Raw


@pytest.fixture
def ports(playing: Program) -> tuple[int, ...]:
    """The API's and the playground's."""
    return int(playing.settings["API_PORT"]), urlsplit(playing.url).port or 0


@pytest.mark.parametrize("path", ["/health/live/", "//elsewhere.example.org/", "/js"])
def test_nobody_is_sent_to_a_host_that_the_client_names(ports: tuple[int, ...], path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: elsewhere.example.org\r\nConnection: close\r\n\r\n"
    for port in ports:
        with Raw(port) as client:
            client.send(head.encode())
            answer = client.to_the_end()
        assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 403"))
        assert b"elsewhere" not in answer


@pytest.fixture
def silent(ports: tuple[int, ...]) -> Iterator[list[Raw]]:
    """Connections that say nothing, and such as stop in the middle of a head."""
    with ExitStack() as stack:
        clients = []
        for said in (b"", b"GET /health/live HTTP/1.1\r\nHost: "):
            for port in ports:
                clients.append(stack.enter_context(Raw(port)))
                clients[-1].send(said)
        yield clients


@pytest.mark.slow
def test_who_keeps_silent_is_hung_up_on(playing: Program, silent: list[Raw]) -> None:
    assert [client.to_the_end() for client in silent] == [b""] * len(silent)
    assert playing.health("live")[0] == 200


def is_wide(path: Path) -> bool:
    """Not what an engine has taken away since it was listed."""
    with suppress(FileNotFoundError):
        return not path.is_symlink() and bool(path.lstat().st_mode & 0o077)
    return False


def test_what_it_keeps_is_its_owners_alone(playing: Program) -> None:
    """Folders and files alike, engines' included: nobody else reads what readers write."""
    kept = [playing.data, *playing.data.rglob("*")]
    assert [path for path in kept if is_wide(path)] == []
    assert {"yabot.db", "playground.db", "yabot.lock"} < {path.name for path in kept}

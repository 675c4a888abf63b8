"""What a service's developer installs: two libraries, and nothing of YABOT's."""

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.api.auth.operating import Operator
from tests.client.services import service_beside
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "clients/python"
MODULES = {f"yabot_client/{file.name}" for file in (SOURCE / "src/yabot_client").glob("*.py")}
BUILT = Path(sys.prefix) / "built"
PYTHON = Path(sys.prefix) / "installed/bin/python"
# What is there, and what of it is asked for by the client itself.
LIBRARIES = """
import json
from importlib.metadata import distributions, requires
names = sorted(each.name.lower() for each in distributions())
print(json.dumps([names, requires("yabot-client")]))
"""
ALLOWED = {
    *("yabot-client", "httpx", "joserfc"),
    # These two need them.
    *("anyio", "certifi", "cffi", "cryptography", "h11", "httpcore", "idna", "pycparser"),
    *("sniffio", "typing_extensions"),
}


def run(*words: str, folder: Path) -> str:
    assert PYTHON.exists(), "`make client-installed` installs the client"
    done = subprocess.run(
        [str(PYTHON), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_it_brings_two_libraries_along(tmp_path: Path) -> None:
    names, required = json.loads(run("-c", LIBRARIES, folder=tmp_path))
    assert {re.split(r"[<>=]", each)[0] for each in required} == {"httpx", "joserfc"}
    assert set(names) <= ALLOWED


def test_wheel_and_source_hold_all_of_it_and_nothing_else() -> None:
    (wheel,), (source,) = BUILT.glob("*.whl"), BUILT.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
    assert names == {*MODULES, "yabot_client/py.typed"}
    with tarfile.open(source) as packed_source:
        inside = {name.partition("/")[2] for name in packed_source.getnames()}
    assert {name.removeprefix("src/") for name in inside if "src/yabot_client/" in name} == names
    assert {"README.md", "pyproject.toml"} <= inside


def test_the_first_lines_of_its_page_work(
    playing: Program, new_program: NewProgram, tmp_path: Path
) -> None:
    """As they stand there, but for the address and the service's name."""
    code = (SOURCE / "README.md").read_text().split("```python\n")[1].split("```")[0]
    operator = Operator(new_program, playing, tmp_path)
    with service_beside(playing, operator, tmp_path) as service:
        for written, meant in (
            ('"https://yabot.internal:8080"', repr(service.url)),
            ('"orders"', repr(service.name)),
        ):
            assert code.count(written) == 1
            code = code.replace(written, meant)
        told = run("-c", _asking_for_nobody(code), folder=tmp_path)
    assert told.startswith("404 user_unknown")


def _asking_for_nobody(code: str) -> str:
    """There is no such user in that program, and the client says so."""
    told = "".join(f"    {line}\n" for line in code.splitlines())
    return (
        "import yabot_client.codes\n"
        f"try:\n{told}except yabot_client.codes.UserUnknown as error:\n    print(error)\n"
    )

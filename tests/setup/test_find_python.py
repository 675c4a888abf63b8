"""Which Python `make setup` takes, and what it says when a machine lacks something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "find-python.sh"
# A processor with AVX, and one without.
WITH_AVX, WITHOUT_AVX = "flags : sse avx avx2\n", "flags : sse sse2\n"


class Machine:
    """Its programs are what is put in ``bin``, beside those of every system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("uname", "grep"):
            self.bin.joinpath(tool).symlink_to(f"/usr/bin/{tool}")
        self.processor(WITH_AVX)

    def processor(self, about: str) -> None:
        (self.folder / "cpuinfo").write_text(about)

    def python(self, name: str, version: tuple[int, int], lacks: str = "") -> None:
        """A program that answers as that Python does."""
        script = f"import sys\nsys.version_info = {(*version, 0)}\n"
        if lacks:
            script += f"sys.modules[{lacks!r}] = None\n"
        script += "exec(sys.argv[2])\n"
        self._program(name, f'exec {sys.executable} -c "$(cat <<"E"\n{script}\nE\n)" "$@"')

    def broken(self, name: str) -> None:
        self._program(name, "exit 127")

    def find(self, *named: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", SCRIPT, *named],
            cwd=self.folder,
            env={"PATH": str(self.bin), "CPUINFO": str(self.folder / "cpuinfo"), **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def _program(self, name: str, commands: str) -> None:
        program = self.bin / name
        program.write_text(f"#!/bin/sh\nPATH={os.environ['PATH']}\n{commands}\n")
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_tested_python_is_preferred(machine: Machine) -> None:
    machine.python("python3", (3, 13))
    machine.python("python3.12", (3, 12))
    machine.python("python3.11", (3, 11))
    assert machine.find().stdout == "python3.11\n"


@pytest.mark.parametrize(("name", "version"), [("python3.12", (3, 12)), ("python3", (3, 13))])
def test_any_newer_one_is_taken(machine: Machine, name: str, version: tuple[int, int]) -> None:
    machine.broken("python3.11")
    machine.python(name, version)
    assert machine.find().stdout == f"{name}\n"


def test_one_that_can_make_no_environment_is_passed_by(machine: Machine) -> None:
    machine.python("python3.11", (3, 11), lacks="ensurepip")
    machine.python("python3.12", (3, 12))
    assert machine.find().stdout == "python3.12\n"


def refusal(found: subprocess.CompletedProcess[str]) -> str:
    assert found.returncode == 1
    assert found.stdout == ""
    (sentence,) = found.stderr.splitlines()
    return sentence


def test_no_python_is_told_with_the_packages_to_install(machine: Machine) -> None:
    machine.python("python3", (3, 10))
    assert "apt-get install python3.11 python3.11-venv" in refusal(machine.find())


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_module_is_told_with_its_package(machine: Machine, module: str) -> None:
    machine.python("python3.12", (3, 12), lacks=module)
    assert "python3.12 lacks: install them" in refusal(machine.find())
    assert "apt-get install python3.12-venv" in refusal(machine.find())


def test_a_named_python_that_is_none_is_told(machine: Machine) -> None:
    machine.python("python3.11", (3, 11))
    assert "'python2' is none" in refusal(machine.find("python2"))


def test_a_processor_without_avx_is_told_unless_mongodb_is_elsewhere(machine: Machine) -> None:
    machine.python("python3.11", (3, 11))
    machine.processor(WITHOUT_AVX)
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has AVX")
    assert "needs a processor with AVX" in refusal(machine.find())
    assert machine.find(MONGODB_URI="mongodb://there").returncode == 0
    (machine.folder / ".env").write_text("MONGODB_URI=mongodb://there\n")
    assert machine.find().returncode == 0

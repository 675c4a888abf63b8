"""A packaged program that somebody has changed is not run."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.genuine import require_genuine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.errors import ConfigurationError

from .conftest import started


@pytest.mark.parametrize("engine_class", [EmbeddedMongod, EmbeddedValkey])
def test_the_packaged_programs_are_those_that_were_published(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    packaged = engine_class(tmp_path)._packaged()
    assert packaged is not None
    require_genuine(packaged, engine_class.sums, tmp_path / "stamp", engine_class.variable)
    assert (tmp_path / "stamp").exists()


class ChangedValkey(EmbeddedValkey):
    """Its package lies in a folder of the test."""

    package: Path

    def binary(self) -> Path:
        return self.package

    def _packaged(self) -> Path:
        return self.package


async def test_a_changed_one_is_not_run(tmp_path: Path) -> None:
    package = EmbeddedValkey(tmp_path)._packaged()
    assert package is not None
    engine = ChangedValkey(tmp_path)
    engine.package = Path(shutil.copy(package, tmp_path / "valkey-server"))
    async with started(engine):
        assert engine.pid is not None
    with engine.package.open("ab") as file:
        file.write(b"!")
    with pytest.raises(ConfigurationError) as told:
        await engine.start()
    assert str(told.value) == (
        f"{engine.package} is not the program that its package was published with: install the "
        "package anew, or set REDIS_URL to a server."
    )
    assert engine.pid is None


def test_what_was_found_genuine_is_read_again_only_when_it_was_changed(tmp_path: Path) -> None:
    program, stamp = tmp_path / "program", tmp_path / "stamp"
    program.write_text("genuine")
    require_genuine(program, [sha256(b"genuine").hexdigest()], stamp, "X")
    require_genuine(program, [], stamp, "X")
    program.write_text("changed")
    with pytest.raises(ConfigurationError, match=f"{program} is not the program"):
        require_genuine(program, [sha256(b"genuine").hexdigest()], stamp, "X")

"""Whoever types commands beside a running program."""

from pathlib import Path
from uuid import uuid4

from tests.api.auth.forging import Forge
from tests.api.encryption.jwe import Recipient
from tests.e2e.moved_clock import begin_ahead
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram


class Operator:
    def __init__(self, new_program: NewProgram, program: Program, folder: Path) -> None:
        self._new_program = new_program
        self._program = program
        self._folder = folder

    def types(self, *words: str) -> str:
        """What the command says, which is typed at the program's own time."""
        name = f"command-{uuid4().hex}"
        typed = self._new_program(*words, name=name, **self._program.settings)
        begin_ahead(typed.folder, self._program.ahead)
        assert typed.run() == 0, typed.errors
        return typed.said

    def key_file(self, forge: Forge) -> tuple[str, str]:
        """The option that names it."""
        file = self._folder / f"{forge.kid}.jwk"
        file.write_text(forge.jwk)
        return "--public-key", str(file)

    def encrypt_to(self, recipient: Recipient) -> tuple[str, str]:
        """The option that names its key."""
        file = self._folder / f"{recipient.kid}.enc.jwk"
        file.write_text(recipient.jwk)
        return "--encrypt-to", str(file)

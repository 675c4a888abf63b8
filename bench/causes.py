"""What the program does in these figures, from the cause until every store has all of it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

from aiogram.types import Update
from aiogram.types import User as TelegramUser

from bench.bare import BareChange
from bench.changes import bare_registration, bare_update
from bench.program import Program
from bench.samples import Sample, take_sample
from bench.updates import Reader
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import Cause

LANES = 32


class Change(ABC):
    """Something that the program does, and the same by hand."""

    name: str
    last_event: str

    def __init__(self, program: Program) -> None:
        self.program = program

    @abstractmethod
    async def prepare(self) -> Sample:
        """Do it once, and show what it wrote."""

    @abstractmethod
    def next(self, lane: int) -> Callable[[], Awaitable[Any]]:
        """What one of the LANES does next; when called, it returns once every store has it."""

    @abstractmethod
    def next_bare(self, sample: Sample, lane: int) -> BareChange: ...


class StoryChoice(Change):
    """A press on a choice: intake, dispatcher, commit, document, three events, three replies."""

    name = "update's whole way"
    last_event = "operation_completed"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.readers = [Reader(1_000_000 + lane, program.bot) for lane in range(LANES)]

    async def prepare(self) -> Sample:
        for reader in self.readers:
            await self._handle(reader, reader.says("/story"))
        choice = self.readers[0].goes_on()
        await self._handle(self.readers[0], choice)
        cause_id = f"update:{self.program.bot.id}:{choice.update_id}"
        return await take_sample(self.program, self.readers[0].user_id, cause_id)

    def next(self, lane: int) -> Callable[[], Awaitable[Any]]:
        reader = self.readers[lane]
        return partial(self._handle, reader, reader.goes_on())

    def next_bare(self, sample: Sample, lane: int) -> BareChange:
        return bare_update(sample, self.readers[lane].user_id)

    async def _handle(self, reader: Reader, update: Update) -> None:
        arrived = self.program.arrivals.expect(reader.user_id)
        for fresh in await self.program.intake.store([self.program.incoming(update)]):
            self.program.processor.submit(fresh)
        await arrived


class Registration(Change):
    """create_user: profile, counter and event in one commit, and the new document."""

    name = "create_user"
    last_event = "user_registered"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._ids = count(1_000_000)
        self._users = program.services[UserService]

    async def prepare(self) -> Sample:
        newcomer = self._newcomer()
        cause = await self._register(newcomer)
        return await take_sample(self.program, str(newcomer.id), cause.id)

    def next(self, lane: int) -> Callable[[], Awaitable[Any]]:  # noqa: ARG002 - all are new
        return partial(self._register, self._newcomer())

    def next_bare(self, sample: Sample, lane: int) -> BareChange:  # noqa: ARG002
        return bare_registration(sample, str(next(self._ids)))

    def _newcomer(self) -> TelegramUser:
        return TelegramUser(
            id=next(self._ids), is_bot=False, first_name="Lucía", language_code="es"
        )

    async def _register(self, newcomer: TelegramUser) -> Cause:
        cause = Cause("bench", f"request:{newcomer.id}", f"request:{newcomer.id}")
        arrived = self.program.arrivals.expect(str(newcomer.id))
        await self.program.services.commits.decide(
            cause, lambda work: self._users.meet(work, newcomer)
        )
        await arrived
        return cause

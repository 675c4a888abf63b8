"""What the program does in these figures, from the cause until every store has all of it."""

from abc import ABC, abstractmethod
from itertools import count
from uuid import uuid4

from aiogram.types import Update
from aiogram.types import User as TelegramUser

from bench.bare import BareChange
from bench.changes import bare_registration, bare_update
from bench.program import Program
from bench.samples import Sample, take_sample
from bench.updates import Reader
from yabot.features.users.service import UserService
from yabot.storage.relational.unit_of_work import Cause, UnitOfWork

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
    async def make(self, lane: int) -> None:
        """Do it once in one of LANES lanes; returns when every store has it."""

    @abstractmethod
    def bare(self, sample: Sample, lane: int) -> BareChange: ...


class StoryChoice(Change):
    """A press on a choice: intake, dispatcher, commit, document, three events, three replies."""

    name = "update's whole way"
    last_event = "operation_completed"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._readers = [Reader(1_000_000 + lane) for lane in range(LANES)]

    async def prepare(self) -> Sample:
        for reader in self._readers:
            await self._handle(reader, reader.says("/story"))
        choice = self._readers[0].goes_on()
        await self._handle(self._readers[0], choice)
        cause_id = f"update:{self.program.bot.id}:{choice.update_id}"
        return await take_sample(self.program, self._readers[0].user_id, cause_id)

    async def make(self, lane: int) -> None:
        reader = self._readers[lane]
        await self._handle(reader, reader.goes_on())

    def bare(self, sample: Sample, lane: int) -> BareChange:
        return bare_update(sample, self._readers[lane].user_id)

    async def _handle(self, reader: Reader, update: Update) -> None:
        arrived = self.program.arrivals.expect(reader.user_id)
        for fresh in await self.program.intake.store([update]):
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
        user_id, cause_id = await self._register()
        return await take_sample(self.program, user_id, cause_id)

    async def make(self, lane: int) -> None:
        await self._register()

    def bare(self, sample: Sample, lane: int) -> BareChange:
        return bare_registration(sample, str(next(self._ids)))

    async def _register(self) -> tuple[str, str]:
        telegram_id, cause_id = next(self._ids), f"request:{uuid4()}"
        work = UnitOfWork(Cause("bench", cause_id, cause_id))
        newcomer = TelegramUser(
            id=telegram_id, is_bot=False, first_name="Lucía", language_code="es"
        )
        arrived = self.program.arrivals.expect(str(telegram_id))
        await self._users.meet(work, newcomer)
        await self.program.services.commits.commit(work)
        await arrived
        return str(telegram_id), cause_id

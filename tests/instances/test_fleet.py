"""Several bots share the readers: any of them stores, one of them handles and answers."""

import asyncio
import signal
from collections.abc import Sequence

import pytest
from aiogram.methods import SendMessage

from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.instances.fleet import Fleet, answers_to, numbers
from tests.log.units import unit
from tests.waiting import PATIENCE, wait_until
from yabot.bot.outgoing import to_message

NAMES = ("Ada", "Blas", "Cora", "Dan", "Eva", "Fe", "Gil", "Hugo", "Inés", "Juan", "Kira", "Leo")


async def say(found: Sequence[Reader], *commands: str, pause: float = 0.0) -> None:
    """All at once, each one after another; nobody waits for answers."""

    async def speak(reader: Reader) -> None:
        for command in commands:
            await reader.send(command)
            await asyncio.sleep(pause)

    await asyncio.gather(*map(speak, found))


async def tell(fleet: Fleet, found: Sequence[Reader]) -> None:
    """What a worker does: commit messages, and leave it to others to send them."""
    work = unit("notice", consumer="worker")
    for reader in found:
        work.send(to_message(SendMessage(chat_id=reader.user_id, text="News."), reader.user_id))
    async with fleet.elsewhere() as commits:
        await commits.commit(work)


@pytest.mark.criterion("scale.3")
async def test_bots_share_the_readers_and_come_and_go(
    webhook_fleet: Fleet, telegram: Program
) -> None:
    fleet = webhook_fleet
    fleet.start(2)
    async with readers(telegram.url, *NAMES) as found:
        await say(found, "/start", "/help", "/menu")
        fleet.settle(3 * len(NAMES))
        one, two = fleet.bots
        assert numbers(one, "update.handled").isdisjoint(numbers(two, "update.handled"))
        # Some are handled by whoever has stored them, and some by the other.
        for bot, other in ((one, two), (two, one)):
            assert numbers(bot, "update.handled") & numbers(bot, "update.stored")
            assert numbers(bot, "update.handled") & numbers(other, "update.stored")

        await tell(fleet, found)
        fleet.settle(3 * len(NAMES))
        assert await answers_to(found) == [4] * len(NAMES)

        talking = asyncio.create_task(say(found, *["/help"] * 5, pause=1.2))
        fleet.launch()
        await asyncio.to_thread(fleet.until_shared_by, 3)
        one.signal(signal.SIGTERM)
        assert await asyncio.to_thread(one.exit_code) == 0
        # It has handed over, and not just fallen silent: else it says so.
        is_silent = bool(one.logged("leases.not_released"))
        assert len(fleet.members()) == 2 or is_silent
        await asyncio.to_thread(fleet.until_shared_by, 2)
        await talking
        # Each of the two that are left has readers.
        await say(found, "/help")
        await asyncio.to_thread(fleet.settle, 9 * len(NAMES))
        # What it says that it could not finish in its seconds may have been sent before.
        answers = await answers_to(found)
        assert set(answers) == {10} or (min(answers) == 10 and one.has_left_work)
        assert numbers(fleet.bots[2], "update.handled")
    # Over what waited where it has not handed over, it may have died, as far as the others know.
    assert fleet.stores.value("SELECT max(attempts) FROM updates") <= is_silent


@pytest.mark.criterion("scale.3")
async def test_one_of_them_polls_and_another_takes_its_place(
    fleet: Fleet, telegram: Program
) -> None:
    """Whoever polls stops in order, and the next one is killed in the middle of its work."""
    fleet.start(3)
    for bot in fleet.bots:
        # Only who has the role serves the API, to whoever it may be.
        assert [bot.asked(path)[0] for path in ("/openapi.json", "/api/v1/users")] == [404, 404]
    async with readers(telegram.url, *NAMES) as found:
        await say(found, "/start")
        fleet.settle(len(NAMES))
        stopped = polling(fleet)
        assert stopped.stop() == 0
        await say(found, "/menu")
        fleet.settle(2 * len(NAMES))
        assert await answers_to(found) == [2] * len(NAMES)

        killed = polling(fleet)
        assert killed is not stopped
        known = len(numbers(killed, "update.handled"))
        talking = asyncio.create_task(say(found, *["/help", "/menu"] * 2, pause=0.3))
        await asyncio.to_thread(
            wait_until, lambda: len(numbers(killed, "update.handled")) > known + 6
        )
        killed.kill9()
        await talking
        await asyncio.to_thread(fleet.settle, 6 * len(NAMES))
        # What was sent and not marked is sent once more.
        assert min(await answers_to(found)) >= 6
        fleet.until_shared_by(1)
    assert not any(bot.logged("polling.paused") for bot in fleet.bots)


@pytest.mark.criterion("scale.3")
async def test_what_a_killed_bot_has_committed_is_brought_everywhere_by_its_heir(
    webhook_fleet: Fleet, telegram: Program
) -> None:
    """With its partitions: the heir's own sweep, half a minute apart, would find it far later."""
    fleet = webhook_fleet
    fleet.start(2)
    victim, _ = fleet.bots
    victim.arm(KillPoint("log", "unit.committed"))
    async with readers(telegram.url, *NAMES) as found:
        await say(found, "/start")
        assert await asyncio.to_thread(victim.exit_code, PATIENCE) == -9
        await asyncio.to_thread(fleet.until_shared_by, 1)
        await asyncio.to_thread(fleet.settle, len(NAMES))
        assert min(await answers_to(found)) >= 1


@pytest.mark.criterion("scale.3")
async def test_a_bot_that_was_thought_dead_does_nothing_any_more(
    webhook_fleet: Fleet, telegram: Program
) -> None:
    """It stands still with replies that Telegram has not taken, and with updates to come."""
    fleet = webhook_fleet
    fleet.start(2)
    zombie, heir = fleet.bots
    async with readers(telegram.url, *NAMES) as found:
        playground = found[0].client
        # So that all of them wait, and none is on its way in the very moment.
        await playground.faults({"kind": "flood", "method": "sendMessage", "retry_after": 30})
        await say(found, *["/start"] + ["/help"] * 4)
        fleet.until_handled(5 * len(NAMES))
        wait_until(lambda: is_refused_everywhere(zombie))
        assert unsent(zombie) > 8
        zombie.signal(signal.SIGSTOP)
        await playground.clear_faults()
        await say(found, "/menu")
        await asyncio.to_thread(fleet.settle, 6 * len(NAMES))
        answers = await answers_to(found)
        assert answers == [6] * len(NAMES)
        zombie.signal(signal.SIGCONT)
        wait_until(lambda: bool(zombie.logged("partitions.lost")))
        fleet.until_shared_by(2)
        assert await answers_to(found) == answers
        assert numbers(zombie, "update.handled").isdisjoint(numbers(heir, "update.handled"))
        await say(found, "/help")
        fleet.settle(7 * len(NAMES))


def unsent(bot: Program) -> int:
    """How many answers it has decided on that Telegram has not taken."""
    return len(numbers(bot, "update.handled")) - len(bot.logged("message.sent"))


def is_refused_everywhere(bot: Program) -> bool:
    """Each chat to which it has something to say has been refused its first message."""
    answered = {int(line["user_id"]) for line in bot.logged("update.handled")}
    return answered == {line["chat_id"] for line in bot.logged("message.delayed")}


def polling(fleet: Fleet) -> Program:
    """The one that runs and leads, as soon as it is one."""

    def leading() -> list[Program]:
        return [bot for bot in fleet.bots if bot.pid is not None and leads(bot)]

    wait_until(lambda: len(leading()) == 1)
    (found,) = leading()
    return found


def leads(bot: Program) -> bool:
    turns = [line["event"] for line in bot.log if line["event"] in {"bot.leads", "bot.follows"}]
    return bool(turns) and turns[-1] == "bot.leads"

"""From the old bot to this one and back, by the real commands beside a real bot with readers."""

import asyncio
import json
import shutil
import signal
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.bot.webhook.listener import SECRET
from tests.e2e.fork_server import ForkServer
from tests.e2e.invariants import settle, verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, readers
from tests.features.legacy.commands import Office, office
from tests.features.legacy.old_bot import FIRST_ID, new_profile, old_users
from tests.features.legacy.old_bots import at_work
from tests.ports import free_port
from yabot.features.legacy.alone import alone_at_work

pytestmark = pytest.mark.slow

OTHERS = 40
BEGAN = {"Ana": 20, "Blas": 30}
# Seconds in which a reader looks at an answer. Without a rest two of them keep a core busy, and
# the commands that run beside them wait.
READS_FOR = 0.1


@pytest.fixture
def by_webhook(bot_settings: dict[str, str]) -> dict[str, str]:
    port = str(free_port())
    return {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "WEBHOOK_PORT": port,
        "WEBHOOK_SECRET": SECRET,
    }


def write_store(path: Path, known: dict[int, int]) -> None:
    """Some who will not come, and these, with their kisses."""
    users = dict(old_users(OTHERS))
    users |= {str(each): new_profile(each) | {"kisses": many} for each, many in known.items()}
    path.write_text(json.dumps(users))


class Playing:
    """Readers who keep asking, each for an answer before they ask again."""

    def __init__(self, *found: Reader) -> None:
        self._stop = asyncio.Event()
        self.answered = Counter({each.user_id: 0 for each in found})
        self._tasks = [asyncio.create_task(self._play(each)) for each in found]

    async def _play(self, reader: Reader) -> None:
        random = Random(reader.user_id)
        await reader.ask("/start")
        while not self._stop.is_set():
            await reader.ask(random.choice(("/balance", "/help", "/vip", "/shop")))
            self.answered[reader.user_id] += 1
            await asyncio.sleep(READS_FOR)

    async def more(self) -> None:
        """Each of them has been answered three times more."""
        before = Counter(self.answered)
        while any(self.answered[each] < before[each] + 3 for each in self.answered):
            await asyncio.sleep(0.05)
            for task in self._tasks:
                if task.done():
                    await task

    async def end(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)


async def reads_on(reader: Reader) -> None:
    """Two pages of the story: the old bot hears of the choice between them."""
    await reader.ask("/start")
    await reader.ask("/story")
    await reader.press("c:letter:coat")


async def old_bot_plays(forks: ForkServer, place: Office, *known: Reader) -> Counter[int]:
    settings = {**place.settings, "YABOT_DATA_DIR": str(place.bot.data)}
    settings |= {"LEGACY_DB_PATH": str(place.old.path)}
    return await at_work(forks, settings, [each.user_id for each in known], turns=12, seeds=[4])


def nothing_was_interrupted(bot: Program) -> None:
    settle(bot.stores)
    verify(bot.stores)
    states = bot.stores.rows("SELECT state, count(*) AS many FROM updates GROUP BY state")
    assert [row["state"] for row in states] == ["done"]
    assert bot.stores.value("SELECT count(*) FROM dead_letters") == 0
    # A slow machine may keep a store from answering in time.
    assert {line["event"] for line in bot.alarms()} <= {"store.lost"}


@pytest.mark.criterion("5.4.1", "5.4.3", "5.4.4")
async def test_readers_play_by_polling_throughout_and_the_old_bot_gets_them_back(
    forks: ForkServer,
    new_program: NewProgram,
    telegram: Program,
    bot_settings: dict[str, str],
    tmp_path: Path,
) -> None:
    place = office(new_program, bot_settings, tmp_path / "db.json")
    async with readers(telegram.url, "Ana", "Blas", "Carla") as (ana, blas, carla):
        known = {ana.user_id: 20, blas.user_id: 30}
        write_store(place.old.path, known)
        place.bot.start()
        playing = Playing(ana, carla)
        await playing.more()
        report = await place.typed("import", place.old.path)
        assert (report["failed"], place.phase) == (None, "dual")
        await playing.more()
        gained = await old_bot_plays(forks, place, ana, blas)
        place.bot.pass_time(days=3)
        await playing.more()
        done = await place.typed("rollback")
        assert (done["besitos"]["reconcile"], place.phase) == (True, "rolled_back")
        await playing.more()
        await playing.end()
        # Who has gone on while it was written is written by another one.
        await place.typed("rollback")
    nothing_was_interrupted(place.bot)
    for reader, began in known.items():
        assert place.kisses(reader) == began + gained[reader]
    assert place.kisses(carla.user_id) == place.balance(carla.user_id)
    untouched = FIRST_ID + 1
    assert place.kisses(untouched) == dict(old_users(OTHERS))[str(untouched)]["kisses"]
    assert (
        place.bot.stores.value(
            "SELECT count(*) FROM user_profiles WHERE user_id = ?", str(untouched)
        )
        == 0
    )


@pytest.mark.criterion("5.4.1", "5.4.5")
async def test_readers_play_by_webhook_throughout_and_the_old_ways_are_deprecated(
    forks: ForkServer,
    new_program: NewProgram,
    telegram: Program,
    bot_settings: dict[str, str],
    by_webhook: dict[str, str],
    tmp_path: Path,
) -> None:
    place = office(new_program, bot_settings, tmp_path / "db.json", **by_webhook)
    async with readers(telegram.url, "Ana", "Blas", "Carla") as (ana, blas, carla):
        known = {ana.user_id: 20, blas.user_id: 30}
        write_store(place.old.path, known)
        place.bot.start()
        playing = Playing(ana, carla)
        await playing.more()
        assert (await place.typed("import", place.old.path))["failed"] is None
        await playing.more()
        gained = await old_bot_plays(forks, place, ana, blas)
        await playing.more()
        await reads_on(blas)
        done = await place.typed("complete")
        assert (done["completed"], place.phase) == (True, "completed")
        stood = place.old.path.read_bytes()
        gained += await old_bot_plays(forks, place, ana)
        await playing.more()
        await playing.end()
    nothing_was_interrupted(place.bot)
    for reader, began in known.items():
        assert place.balance(reader) == began + gained[reader]
    # Neither read nor written any more.
    assert place.old.path.read_bytes() == stood
    assert place.bot.stop() == 0
    assert place.bot.logged("legacy.store_unused") == []
    place.bot.start()
    (warned,) = place.bot.logged("legacy.store_unused")
    assert warned["level"] == "warning"
    assert warned["setting"] == "LEGACY_DB_PATH"


@pytest.fixture
def beside(new_program: NewProgram, bot_settings: dict[str, str], tmp_path: Path) -> Office:
    """The bot does not run."""
    return office(new_program, bot_settings, tmp_path / "db.json")


@pytest.mark.criterion("5.4.4")
def test_an_import_that_refuses_too_many_rolls_itself_back(beside: Office) -> None:
    users = {str(n): new_profile(n) | {"kisses": n} for n in range(1, 9)}
    users |= {"nobody": new_profile(1), "another": new_profile(2)}
    beside.old.path.write_text(json.dumps(users))
    stood = beside.old.path.read_bytes()
    done = beside.run("import", beside.old.path, code=1)
    assert "20.0 % are refused" in done.said
    assert "rolled back by itself" in done.said
    assert beside.old.path.read_bytes() == stood
    assert beside.phase == "rolled_back"
    stores = beside.bot.stores
    assert stores.value("SELECT count(*) FROM user_profiles") == 0
    assert posted_by_migration(beside) == 0
    assert told_of(beside) == {
        "importing": None,
        "rolling_back": "too_many_refused",
        "rolled_back": "too_many_refused",
    }
    # Mended, it is another migration.
    assert beside.told("import", beside.old.path, "--refuse-at-most", 50)["failed"] is None
    assert beside.phase == "dual"


@pytest.mark.criterion("5.4.4")
def test_an_import_that_is_not_what_the_old_store_says_rolls_itself_back(beside: Office) -> None:
    write_store(beside.old.path, {})
    stood = beside.old.path.read_bytes()
    beside.told("import", beside.old.path, "--dry-run")
    beside.bot.stores.change(
        "CREATE TRIGGER spoil AFTER INSERT ON accounts WHEN NEW.user_id = '700000003' "
        "BEGIN UPDATE accounts SET balance = balance + 1 WHERE id = NEW.id; END"
    )
    done = beside.run("import", beside.old.path, code=1)
    assert "user 700000003, kisses" in done.said
    assert "rolled back by itself" in done.said
    assert beside.old.path.read_bytes() == stood
    assert told_of(beside)["rolled_back"] == "verification_failed"
    assert beside.bot.stores.value("SELECT count(*) FROM user_profiles") == 0


@pytest.mark.criterion("5.4.4")
async def test_a_roll_back_that_is_killed_at_any_step_goes_on(
    forks: ForkServer, beside: Office
) -> None:
    known = {FIRST_ID: 0, FIRST_ID + 1: 0}
    write_store(beside.old.path, {})
    before = {each: beside.kisses(each) for each in known}
    beside.told("import", beside.old.path)
    settings = {**beside.settings, "YABOT_DATA_DIR": str(beside.bot.data)}
    gained = await at_work(forks, settings, [*known], turns=9, seeds=[1])
    for point in POINTS:
        command = beside.command("rollback")
        command.launch(point)
        assert command.exit_code() == -signal.SIGKILL, (point, command.said, command.errors)
        assert beside.phase == "rolling_back"
    done = beside.told("rollback")
    assert (done["users"]["in_both"], done["besitos"]["reconcile"]) == (2, True)
    assert beside.phase == "rolled_back"
    expected = {each: before[each] + gained[each] for each in known}
    assert {each: beside.kisses(each) for each in known} == expected
    assert {each: beside.balance(each) for each in known} == expected
    assert posted_by_migration(beside) == -sum(expected.values())
    # And nobody counts twice, whichever step they were at.
    beside.told("import", beside.old.path)
    assert {each: beside.balance(each) for each in known} == expected


def test_no_switch_while_another_file_is_named(beside: Office, tmp_path: Path) -> None:
    write_store(beside.old.path, {})
    beside.told("import", beside.old.path)
    stale = tmp_path / "stale.json"
    shutil.copy(beside.old.path, stale)
    settings = {**beside.settings, "YABOT_DATA_DIR": str(beside.bot.data)}
    settings |= {"LEGACY_DB_PATH": str(stale)}
    refused = beside.new_program("legacy", "complete", name="refused", **settings)
    assert refused.run() != 0
    assert f"set it to {beside.old.path}" in " ".join(refused.errors.split())
    assert beside.phase == "dual"


def test_one_command_at_a_time_changes_both_sides(beside: Office) -> None:
    write_store(beside.old.path, {})
    beside.bot.data.mkdir(mode=0o700, exist_ok=True)
    with alone_at_work(beside.bot.data / "legacy"):
        for command in (("import", beside.old.path), ("complete",), ("rollback",)):
            told = " ".join(beside.run(*command, code=1).errors.split())
            assert "another `yabot legacy` command is at work in " in told
        beside.told("import", beside.old.path, "--dry-run")
    beside.told("import", beside.old.path)
    assert beside.phase == "dual"


# What each later one stands behind has been done by the one before.
POINTS = (
    KillPoint("commit", "INSERT INTO legacy_waiting"),
    KillPoint("sql", "UPDATE legacy_users"),
    KillPoint("commit", "UPDATE legacy_users", n=2),
    KillPoint("sql", "DELETE FROM user_profiles", n=20),
    KillPoint("commit", "DELETE FROM user_profiles"),
    KillPoint("commit", "UPDATE legacy_migrations"),
)


def posted_by_migration(place: Office) -> int:
    query = "SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = 'system:migration'"
    return int(place.bot.stores.value(query))


def told_of(place: Office) -> dict[str, str | None]:
    """The phases that were told, each with its reason."""
    query = "SELECT envelope FROM outbox WHERE event_type = 'legacy_migration_changed'"
    told = [json.loads(row["envelope"])["payload"] for row in place.bot.stores.rows(query)]
    return {each["phase"]: each.get("reason") for each in told}

"""What ``yabot doctor`` finds where nothing answers."""

import asyncio
from pathlib import Path

from tests.cli.diagnosis import TOKEN, found
from tests.own_time import own_time
from yabot.cli.doctor import render
from yabot.cli.probes import PATIENCE_S


async def test_what_does_not_answer_is_named_with_its_mend_and_no_secret(tmp_path: Path) -> None:
    silent = await asyncio.start_server(lambda _r, _w: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    started = own_time()
    async with silent:
        checks = await found(
            tmp_path,
            BOT_TOKEN=TOKEN,
            TELEGRAM_API_URL=f"http://127.0.0.1:{port}",
            MONGODB_URI=f"mongodb://ana:mongo-pass@127.0.0.1:{port}",
            REDIS_URL=f"redis://:redis-pass@127.0.0.1:{port}",
            DATABASE_URL=f"postgresql://ana:sql-pass@127.0.0.1:{port}/yabot",
        )
    # All at once: together no longer than one probe waits.
    assert own_time() - started < 2 * PATIENCE_S
    for name, variable in (
        ("MongoDB", "MONGODB_URI"),
        ("Redis", "REDIS_URL"),
        ("PostgreSQL", "DATABASE_URL"),
        ("Telegram", "BOT_TOKEN"),
    ):
        assert checks[name].state == "problem"
        assert f"check {variable}" in checks[name].message
        assert checks[variable].message == "set"
    told = render(list(checks.values()))
    assert not any(secret in told for secret in (TOKEN, "mongo-pass", "redis-pass", "sql-pass"))

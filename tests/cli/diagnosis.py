"""What `yabot doctor` finds, by the name of the check."""

from pathlib import Path

from tests.ports import free_port
from yabot.cli.doctor import examine
from yabot.cli.probes import Check
from yabot.settings import ConfigManager

FREE = [str(free_port()) for _ in range(2)]
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


async def found(data_dir: Path, **environ: str) -> dict[str, Check]:
    own = {"YABOT_DATA_DIR": str(data_dir), "API_PORT": FREE[0]}
    if environ.get("YABOT_ENV") != "production":
        own["PLAYGROUND_PORT"] = FREE[1]
    manager = ConfigManager({**own, **environ}, None)
    checks = await examine(manager.load(), manager.warnings())
    return {check.name: check for check in checks}

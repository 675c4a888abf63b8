"""Memory does not grow with how many users there are."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.features.legacy.importing import import_child
from tests.features.legacy.old_bot import write_old_store

pytestmark = pytest.mark.slow

FEW, MANY = 500, 8_000


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel says it in /proc")
def test_a_large_store_needs_no_more_than_a_small_one(
    tmp_path: Path, mongodb_uri: str, redis_db: str
) -> None:
    settings = {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_db,
        "LOG_LEVEL": "WARNING",
    }
    few, many = (_peak(tmp_path / str(users), users, settings) for users in (FEW, MANY))
    assert many < 1.2 * few


def _peak(folder: Path, users: int, settings: Mapping[str, str]) -> int:
    folder.mkdir()
    write_old_store(folder / "db.json", users=users)
    name = f"memory_{uuid4().hex}"
    own = {"YABOT_DATA_DIR": str(folder / "data"), "MONGODB_DATABASE": name}
    try:
        child = subprocess.run(
            [sys.executable, "-m", import_child.__name__, str(folder / "db.json")],
            env={**os.environ, **settings, **own},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    finally:
        with MongoClient[dict[str, Any]](settings["MONGODB_URI"]) as client:
            client.drop_database(name)
    return int(child.stdout.splitlines()[-1])

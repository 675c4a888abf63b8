"""The bot before this one: its two functions, files as it leaves them, and the bot at work.

Needs nothing but the standard library, so that a child process starts at once:

    python -m tests.features.legacy.old_bot FILE --turns 100 --seed 1

works on the file as an old bot does, and prints what its readers earned and spent as JSON.
"""

import argparse
import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

OldProfile = dict[str, Any]
Get = Callable[[int], OldProfile]
Save = Callable[[OldProfile], None]

FIRST_ID = 700_000_000
"""Telegram's id of the first reader in a generated file; the others follow it."""

FIRST_NAMES = ("Ana", "José María", "Usuario", "Łucja", "李", "🌹 Rosa", "O'Brien")
THINGS = ("rosa", "Carta de Lucien", "llave", "perfume 🌙", "espejo")
ACHIEVEMENTS = ("first_kiss", "Paciente", "diez días")
FRAGMENTS = ("intro", "cap1_puerta", "cap2_salon", "cap3_jardín")
DECISIONS = ("abrir", "esperar", "irse")


@dataclass(frozen=True)
class OldBot:
    """Its data access on one file: it reads the whole, rewrites the whole in place, and knows no
    lock. What is being rewritten is torn for whoever reads meanwhile."""

    path: Path

    def get_user_profile(self, telegram_id: int) -> OldProfile:
        users = self._load()
        key = str(telegram_id)
        if key not in users:
            users[key] = new_profile(telegram_id)
            self._save(users)
        profile: OldProfile = users[key]
        return profile

    def save_user_profile(self, profile: OldProfile) -> None:
        users = self._load()
        users[str(profile["telegram_id"])] = profile
        self._save(users)

    def _load(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        with self.path.open(encoding="utf-8") as file:
            users: dict[str, Any] = json.load(file)
        return users

    def _save(self, users: Mapping[str, Any]) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            json.dump(users, file)


def new_profile(telegram_id: int) -> OldProfile:
    """What the old bot gives to whoever comes new."""
    return {
        "telegram_id": telegram_id,
        "username": None,
        "first_name": "Usuario",
        "kisses": 5,
        "inventory": [],
        "achievements": [],
        "role": "free",
        "vip_expiry": None,
        "last_daily_claim": None,
        "current_narrative_fragment": None,
        "narrative_choices": {},
        "metadata": {},
    }


# Files


def write_old_store(path: Path, *, users: int, seed: int = 0, imperfect: float = 0.0) -> None:
    """As the old bot leaves it, the same for the same arguments; one user at a time, so that a
    million need no memory. ``imperfect`` is the share of entries with one of ``IMPERFECTIONS``."""
    with path.open("w", encoding="utf-8") as file:
        file.write("{")
        for n, (key, value) in enumerate(old_users(users, seed=seed, imperfect=imperfect)):
            file.write(f"{', ' if n else ''}{json.dumps(key)}: {json.dumps(value)}")
        file.write("}")


def old_users(users: int, *, seed: int = 0, imperfect: float = 0.0) -> Iterator[tuple[str, Any]]:
    """What ``write_old_store`` writes, by the keys under which it does."""
    random = Random(seed)
    kinds = [*IMPERFECTIONS]
    for telegram_id in range(FIRST_ID, FIRST_ID + users):
        profile = a_profile(telegram_id, random)
        if random.random() < imperfect:
            yield IMPERFECTIONS[random.choice(kinds)](profile)
        else:
            yield str(telegram_id), profile


def a_profile(telegram_id: int, random: Random) -> OldProfile:
    """A reader after some weeks with the old bot."""
    visited = random.randint(0, len(FRAGMENTS))
    role = random.choices(("free", "vip", "premium"), (90, 8, 2))[0]
    return new_profile(telegram_id) | {
        "username": random.choice((None, f"lector_{telegram_id}")),
        "first_name": random.choice(FIRST_NAMES),
        "kisses": random.randint(0, 400),
        "inventory": random.choices(THINGS, k=random.randint(0, 4)),
        "achievements": random.sample(ACHIEVEMENTS, random.randint(0, len(ACHIEVEMENTS))),
        "role": role,
        "vip_expiry": None if role == "free" else f"2031-0{random.randint(1, 9)}-15T12:00:00",
        "last_daily_claim": random.choice((None, "2026-10-31T08:15:02.123456")),
        "current_narrative_fragment": FRAGMENTS[visited - 1] if visited else None,
        "narrative_choices": {each: random.choice(DECISIONS) for each in FRAGMENTS[:visited]},
        "metadata": random.choice(({}, {"source": "tiktok", "visits": random.randint(1, 90)})),
    }


def tear(path: Path, *, share: float = 0.9) -> None:
    """Cut it off in the middle, as a crash during a write does."""
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))


Spoil = Callable[[OldProfile], tuple[str, Any]]


def _with(**values: Any) -> Spoil:
    return lambda profile: (str(profile["telegram_id"]), profile | values)


def _without(*names: str) -> Spoil:
    def spoil(profile: OldProfile) -> tuple[str, Any]:
        left = {name: value for name, value in profile.items() if name not in names}
        return str(profile["telegram_id"]), left

    return spoil


def _instead(value: Any) -> Spoil:
    return lambda profile: (str(profile["telegram_id"]), value)


IMPERFECTIONS: Mapping[str, Spoil] = {
    "keys are missing": _without("kisses", "role", "narrative_choices", "metadata"),
    "nothing but kisses": lambda profile: (str(profile["telegram_id"]), {"kisses": 12}),
    "a number as a string": lambda profile: (
        str(profile["telegram_id"]),
        profile | {"kisses": str(profile["kisses"]), "telegram_id": str(profile["telegram_id"])},
    ),
    "kisses below zero": _with(kisses=-3),
    "kisses with a fraction": _with(kisses=7.5),
    "kisses that are none": _with(kisses="muchos"),
    "no name": _with(first_name=None),
    "an unknown role": _with(role="moderator"),
    "vip that has ended": _with(role="vip", vip_expiry="2024-01-15T12:00:00"),
    "vip until nobody knows when": _with(role="vip", vip_expiry="mañana"),
    "vip without an end": _with(role="vip", vip_expiry=None),
    "a fragment that is gone": _with(current_narrative_fragment="borrado_2023"),
    "emoji and control characters": _with(
        first_name="👩‍👩‍👧\u202e\u0000\x1b[31m", username="\ud83d"
    ),
    "lists that are none": _with(inventory={"rosa": 2}, achievements="first_kiss"),
    "things that are none": _with(inventory=["rosa", None, 7, {"name": "llave"}]),
    "choices that are none": _with(narrative_choices=["abrir"]),
    "more than we know": _with(referrals=[1, 2, 3], mood="contenta"),
    "a key that is no number": lambda profile: ("lector_perdido", profile),
    "not an object": _instead("perdido"),
    "nothing": _instead(None),
}


# At work


def work(get: Get, save: Save, readers: Sequence[int], *, turns: int, seed: int) -> Counter[int]:
    """Somebody comes and claims, buys, chooses or is given something, ``turns`` times. Gives how
    many kisses each of them has more (or fewer) by that."""
    random = Random(seed)
    gained: Counter[int] = Counter()
    for turn in range(turns):
        reader = random.choice(readers)
        profile = get(reader)
        before = profile["kisses"]
        random.choice(DOINGS)(profile, random, f"{seed}.{turn}")
        save(profile)
        gained[reader] += profile["kisses"] - before
    return gained


def claim(profile: OldProfile, random: Random, turn: str) -> None:
    profile["kisses"] += random.randint(1, 10)
    profile["last_daily_claim"] = f"2026-11-28T{random.randint(10, 23)}:00:00"


def buy(profile: OldProfile, random: Random, turn: str) -> None:
    """A thing of its own at each turn, so that none can be lost unseen."""
    price = random.randint(1, 10)
    if profile["kisses"] >= price:
        profile["kisses"] -= price
        profile["inventory"].append(f"cosa {turn}")


def choose(profile: OldProfile, random: Random, turn: str) -> None:
    fragment = random.choice(FRAGMENTS)
    profile["narrative_choices"][fragment] = random.choice(DECISIONS)
    profile["current_narrative_fragment"] = fragment


def achieve(profile: OldProfile, random: Random, turn: str) -> None:
    profile["achievements"].append(f"logro {turn}")


DOINGS = (claim, buy, choose, achieve)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the old bot's; not used with --through")
    parser.add_argument("--readers", type=int, nargs="+", help="by id; without it, all in the file")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="an old bot for each")
    parser.add_argument("--through", help="a module that has the two functions instead")
    given = parser.parse_args()
    access: Any = importlib.import_module(given.through) if given.through else OldBot(given.file)
    readers = given.readers or [*map(int, filter(str.isdigit, json.loads(given.file.read_text())))]
    play = partial(
        work, access.get_user_profile, access.save_user_profile, readers, turns=given.turns
    )
    gained: Counter[int] = Counter()
    for each in _side_by_side([partial(play, seed=seed) for seed in given.seed]):
        gained.update(each)
    print(json.dumps(gained))


def _side_by_side(plays: Sequence[Callable[[], Counter[int]]]) -> Iterable[Counter[int]]:
    """Each in a process of its own, forked off before any of them has begun."""
    if len(plays) == 1:
        return [plays[0]()]
    with ProcessPoolExecutor(len(plays), mp_context=get_context("fork")) as pool:
        return [each.result() for each in [pool.submit(play) for play in plays]]


if __name__ == "__main__":
    main()

"""Hints at settings that do no harm, but are probably not what the operator meant."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from yabot.lookalikes import look_alike, shown
from yabot.settings.reference import variables

GONE = {
    "POLLING_ENABLED": "is gone and has no effect: the bot polls when WEBHOOK_URL is empty,"
    " and Telegram calls it when WEBHOOK_URL is set",
}
NEEDS = {
    "WEBHOOK_SECRET": "WEBHOOK_URL",
    "WEBHOOK_CERTIFICATE_PATH": "WEBHOOK_URL",
    "WEBHOOK_IP_ADDRESS": "WEBHOOK_URL",
    "WEBHOOK_TRUSTED_PROXIES": "WEBHOOK_URL",
    "REDIS_SENTINEL_PASSWORD": "REDIS_SENTINELS",
    "LOG_MAX_FILE_SIZE": "LOG_FILE_PATH",
    "LOG_BACKUP_COUNT": "LOG_FILE_PATH",
}
OVERRIDDEN = {"SQLITE_DATABASE_PATH": "DATABASE_URL"}
ALIKE = 0.8


def hints(given: Mapping[str, str]) -> Iterator[str]:
    """One line for each hint about the variables that are set. Values are never shown."""
    for name, sentence in GONE.items():
        if name in given:
            yield f"{name}: {sentence}"
    for name, needed in NEEDS.items():
        if name in given and needed not in given:
            yield f"{name}: has no effect without {needed}"
    for name, winner in OVERRIDDEN.items():
        if name in given and winner in given:
            yield f"{name}: has no effect beside {winner}"
    if "REDIS_PASSWORD" in given and not {"REDIS_URL", "REDIS_SENTINELS"} & given.keys():
        yield "REDIS_PASSWORD: has no effect without REDIS_URL or REDIS_SENTINELS"
    yield from _verbatim(given)
    yield from _misspelt(given)


def _verbatim(given: Mapping[str, str]) -> Iterator[str]:
    for variable in variables():
        if variable.verbatim and (said := look_alike(given.get(variable.name, ""))):
            yield f"{variable.name}: {said}, and is taken as it is"


def _misspelt(given: Mapping[str, str]) -> Iterator[str]:
    known = [variable.name for variable in variables()]
    for name in sorted(given.keys() - known - GONE.keys()):
        if match := get_close_matches(name.upper(), known, n=1, cutoff=ALIKE):
            because = f", as its name {said}" if (said := look_alike(name)) else ""
            yield f"{shown(name)}: is not known{because}; did you mean {match[0]}?"
        elif name.startswith("YABOT_"):
            yield f"{name}: is not known and has no effect"

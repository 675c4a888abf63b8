"""Environment variables that are not ours, but that a library obeys."""

from collections.abc import Iterator, Mapping

from yabot.settings.base import Problem
from yabot.settings.libpq import obeyed_weaknesses
from yabot.settings.model import Settings

# libpq takes what DATABASE_URL leaves open from these.
LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
KEY_LOG = "SSLKEYLOGFILE"


def foreign_risks(environ: Mapping[str, str], settings: Settings) -> Iterator[Problem]:
    """Problems with the process's own environment that production refuses."""
    if not settings.production:
        return
    for name in LIBPQ if settings.sql.database_url else ():
        if environ.get(name):
            yield Problem(
                name,
                "it decides where DATABASE_URL connects to",
                "write the host in DATABASE_URL, and unset it",
                ("DATABASE_URL",),
            )
    if settings.sql.url is not None and not settings.sql.is_here:
        yield from obeyed_weaknesses(environ, settings.sql.url)
    if environ.get(KEY_LOG):
        yield Problem(KEY_LOG, "the keys of every connection are written to a file", "unset it")

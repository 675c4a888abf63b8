"""Where profiles, subscriptions and the log live: SQLite in a file, or PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from yabot.settings.base import Problem, Section, variable
from yabot.settings.libpq import (
    REFUSED,
    VARIABLE,
    password_of,
    refuse_unreadable,
    shows_certificate,
    tls_files,
    unchecked,
)
from yabot.settings.network import all_loopback, guessable, passwords_in
from yabot.settings.tls_files import TlsFiles
from yabot.settings.values import MILLISECONDS, POOL_SIZE, CreatableFile, Milliseconds, PoolSize

DRIVER = "postgresql+psycopg"
SCHEMES = ("postgresql", "postgres", DRIVER)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("SQLAlchemy cannot read it as an address of a database") from None


def _postgresql(secret: SecretStr | None) -> SecretStr | None:
    """The address in SQLAlchemy's form, with the driver in the scheme."""
    if secret is None:
        return None
    url = _parse(secret.get_secret_value())
    if url.drivername.startswith("sqlite"):
        raise ValueError("SQLite is set by SQLITE_DATABASE_PATH")
    if url.drivername not in SCHEMES:
        raise ValueError("only PostgreSQL is supported")
    if not url.database:
        raise ValueError("it does not name a database")
    refuse_unreadable(url)
    return SecretStr(url.set(drivername=DRIVER).render_as_string(hide_password=False))


class SqlSettings(Section):
    database_url: Annotated[SecretStr | None, AfterValidator(_postgresql)] = variable(
        "DATABASE_URL",
        None,
        about="The PostgreSQL database that takes SQLite's place, once one process is not enough.",
        value="postgresql://user:password@host:5432/database",
    )
    sqlite_path: CreatableFile = variable(
        "SQLITE_DATABASE_PATH",
        Path(".yabot/yabot.db"),
        about="The SQLite database's file. Not used with DATABASE_URL.",
        value="the path of a file that exists or can be created",
        default_text="yabot.db in YABOT_DATA_DIR",
    )
    max_pool_size: PoolSize = variable(
        "SQL_MAX_POOL_SIZE",
        10,
        about="How many connections to the SQL database one process keeps at most.",
        value=POOL_SIZE,
    )
    timeout_ms: Milliseconds = variable(
        "SQL_TIMEOUT_MS",
        5000,
        about="How long SQL may take to connect or to give a lock before it counts as away.",
        value=MILLISECONDS,
    )

    @property
    def embedded(self) -> bool:
        """True if the database is SQLite, in this process."""
        return self.database_url is None

    @property
    def url(self) -> URL | None:
        return make_url(self.database_url.get_secret_value()) if self.database_url else None

    @property
    def tls_files(self) -> TlsFiles:
        """The TLS files that DATABASE_URL names."""
        return tls_files(self.url or URL.create(DRIVER))

    @property
    def is_here(self) -> bool:
        """Whether the database is on this machine."""
        return self.url is None or all_loopback(_hosts(self.url))

    @property
    def relies_on_password(self) -> bool:
        """Whether a password is all that tells the database who we are."""
        if (url := self.url) is None or self.is_here or "require_auth" in url.query:
            return False
        return bool(password_of(url)) and not shows_certificate(url)

    def key_files(self) -> Iterator[tuple[str, Path]]:
        return self.tls_files.key_files()

    def conflicts(self) -> Iterator[Problem]:
        return self.tls_files.problems()

    def production_risks(self) -> Iterator[Problem]:
        if (url := self.url) is None:
            return
        for option, harm in REFUSED.items():
            if option in url.query:
                yield Problem(VARIABLE, f"with {option} {harm}", "leave it out")
        if self.is_here:
            return
        yield from unchecked(url)
        if password := password_of(url):
            yield from guessable(VARIABLE, password)
        elif not shows_certificate(url):
            yield Problem(VARIABLE, "it has no password", "write postgresql://user:password@host/…")

    def secrets(self) -> Iterator[str]:
        if self.database_url:
            yield from passwords_in(self.database_url.get_secret_value())


def _hosts(url: URL) -> tuple[str, ...]:
    """The hosts of the URL; none means PostgreSQL's Unix socket. ``?host=`` wins, and may name
    several. A ``hostaddr`` is where the connection really goes.
    """
    named = url.query.get("host", url.host or ())
    hosts = (host.rpartition(":")[0] or host for host in _several(named))
    return (*hosts, *_several(url.query.get("hostaddr", ())))


def _several(named: str | tuple[str, ...]) -> tuple[str, ...]:
    texts = (named,) if isinstance(named, str) else named
    return tuple(host for text in texts for host in text.split(","))

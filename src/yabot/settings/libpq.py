"""The options for libpq, PostgreSQL's client, in DATABASE_URL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from yabot.settings.base import Problem
from yabot.settings.tls_files import Named, TlsFiles

VARIABLE = "DATABASE_URL"
VERIFIED = "verify-full"
# Encrypted, but perhaps with another server than the one that is named.
UNVERIFIED = ("require", "verify-ca")
# In place of a file: the system's authorities.
SYSTEM = "system"
READ_ALONG = "others may read along"
OLD_TLS = ("", "tlsv1", "tlsv1.1")
# Options that may be given once for each host.
OF_A_HOST = {"host", "hostaddr", "port"}


@dataclass(frozen=True, slots=True)
class Weakness:
    """An option, the variable that libpq obeys without it, and the harm that some values do."""

    option: str
    environ: str
    values: tuple[str, ...]
    harm: str


WEAKNESSES = (
    Weakness("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", OLD_TLS, READ_ALONG),
    Weakness("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", OLD_TLS[1:], READ_ALONG),
    Weakness("sslcompression", "PGSSLCOMPRESSION", ("1",), "others may guess what is sent"),
    Weakness("gssencmode", "PGGSSENCMODE", ("prefer", "require"),
             "another encryption may take the place of TLS"),
    Weakness("require_auth", "PGREQUIREAUTH", ("none",), "the server must ask for no password"),
)  # fmt: skip
# Options by which a file decides, or learns, too much.
REFUSED = {
    "service": "a file decides where the connection goes",
    "servicefile": "a file decides where the connection goes",
    "sslkeylogfile": "the keys of the connection are written to a file",
}


def refuse_unreadable(url: URL) -> None:
    """Raises ValueError for options that libpq would refuse, or read otherwise than they look."""
    # Imported here: with SQLite nobody needs to wait for it.
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    for name, value in url.query.items():
        if not isinstance(value, str) and name not in OF_A_HOST | {"sslmode"}:
            raise ValueError(f"it says {name} twice")
        try:
            make_conninfo("", **{name: "," if isinstance(value, tuple) else value})
        except ProgrammingError:
            raise ValueError(f"libpq knows no option {name}") from None


def unchecked(url: URL) -> Iterator[Problem]:
    """Options in the URL that let another server pass for PostgreSQL, or others read along."""
    sslmode = url.query.get("sslmode")
    if sslmode in UNVERIFIED:
        yield Problem(
            VARIABLE,
            f"with sslmode={sslmode} another server may pass for PostgreSQL",
            f"write sslmode={VERIFIED}, and name the authority in sslrootcert",
        )
    elif sslmode != VERIFIED:
        yield Problem(VARIABLE, "the connection is not encrypted", f"add sslmode={VERIFIED}")
    for weakness in WEAKNESSES:
        written = url.query.get(weakness.option)
        if isinstance(written, str) and written.lower() in weakness.values:
            wrong = f"with {weakness.option}={written} {weakness.harm}"
            yield Problem(VARIABLE, wrong, "leave it out")


def obeyed_weaknesses(environ: Mapping[str, str], url: URL) -> Iterator[Problem]:
    """The same for variables that libpq obeys if the URL does not set the option."""
    for weakness in WEAKNESSES:
        written = environ.get(weakness.environ)
        is_open = weakness.option not in url.query
        if is_open and written is not None and written.lower() in weakness.values:
            wrong = f"with {written or 'nothing in it'} {weakness.harm}"
            yield Problem(weakness.environ, wrong, "unset it", (VARIABLE,))


def password_of(url: URL) -> str:
    return str(url.query.get("password") or url.password or "")


def shows_certificate(url: URL) -> bool:
    """Whether the URL names a certificate of ours, with its key."""
    return {"sslcert", "sslkey"} <= url.query.keys() and url.query.get("sslcertmode") != "disable"


def tls_files(url: URL) -> TlsFiles:
    def named(option: str) -> Named | None:
        written = str(url.query.get(option, ""))
        # A key in an OpenSSL engine is written engine:key.
        is_file = bool(written) and written != SYSTEM and ":" not in written
        return Named(option, Path(written)) if is_file else None

    return TlsFiles(
        VARIABLE,
        authorities=named("sslrootcert"),
        revoked=named("sslcrl") or named("sslcrldir"),
        certificate=named("sslcert"),
        key=named("sslkey"),
        password=str(url.query.get("sslpassword", "")),
    )

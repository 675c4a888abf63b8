"""Where the documents live."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr
from pymongo.errors import ConfigurationError, InvalidURI
from pymongo.uri_parser import parse_uri

from yabot.settings.base import Problem, Section, variable
from yabot.settings.network import all_loopback, guessable, passwords_in
from yabot.settings.tls_files import Named, TlsFiles
from yabot.settings.values import MILLISECONDS, POOL_SIZE, Milliseconds, PoolSize, StoreAddress

SRV = "mongodb+srv://"
SRV_OPTIONS = re.compile(r"(?<=[?&])srv[A-Za-z]+=[^&]*&?", re.IGNORECASE)

# Options that let anybody pass for the server; pymongo derives some of them from those above.
UNCHECKED = {
    "tlsInsecure": "no certificate is checked",
    "tlsAllowInvalidCertificates": "no certificate is checked",
    "tlsAllowInvalidHostnames": "a certificate for any other server will do",
    "tlsDisableOCSPEndpointCheck": "a revoked certificate will do",
}
# Mechanisms that identify the client without a name and a password in the URI.
OTHER_CREDENTIALS = ("MONGODB-X509", "MONGODB-AWS", "MONGODB-OIDC")
BY_CERTIFICATE = "MONGODB-X509"

UNREADABLE = (
    "pymongo cannot read it (are / : @ and % in the password percent-encoded,"
    " the options spelt right, the ports numbers, the files there?)"
)


def parse(uri: str) -> dict[str, Any]:
    """What pymongo reads in a connection string, without a DNS query.

    Raises ``ValueError``. pymongo's own messages may quote a badly escaped password, so they
    are not passed on.
    """
    if not uri.startswith((SRV, "mongodb://")):
        raise ValueError("it does not begin with mongodb:// or mongodb+srv://")
    plain = SRV_OPTIONS.sub("", uri).replace(SRV, "mongodb://", 1) if uri.startswith(SRV) else uri
    try:
        parsed: dict[str, Any] = dict(parse_uri(plain, default_port=None))
    except (ConfigurationError, InvalidURI, ValueError, TypeError):
        raise ValueError(UNREADABLE) from None
    except OSError as error:
        raise ValueError(f"{error.filename}, a file that it names, {_why(error)}") from None
    if "@" in (parsed["database"] or ""):
        raise ValueError(UNREADABLE)  # half of the password would be taken for the host
    if uri.startswith(SRV) and [port for _, port in parsed["nodelist"]] != [None]:
        raise ValueError("mongodb+srv:// takes one host and no port")
    return parsed


def _why(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or '').lower()}"


def _mongodb_uri(uri: SecretStr | None) -> SecretStr | None:
    if uri:
        parse(uri.get_secret_value())
    return uri


def _database_name(name: str) -> str:
    if not re.fullmatch(r'[^/\\. "$*<>:|?\x00]{1,63}', name):
        raise ValueError(f"{name!r} is not a name that MongoDB takes")
    return name


class MongoSettings(Section):
    uri: Annotated[StoreAddress, AfterValidator(_mongodb_uri)] = variable(
        "MONGODB_URI",
        None,
        about="The MongoDB replica set or cluster that holds the readers' state and the stories.",
        value="mongodb://… or mongodb+srv://…, or the word embedded",
        default_text="embedded",
    )
    database: Annotated[str, AfterValidator(_database_name)] = variable(
        "MONGODB_DATABASE",
        "yabot",
        about="The database's name there.",
        value='1 to 63 characters without / \\ . " $ * < > : ? and spaces',
    )
    max_pool_size: PoolSize = variable(
        "MONGODB_MAX_POOL_SIZE",
        50,
        about="How many connections to MongoDB one process keeps at most.",
        value=POOL_SIZE,
    )
    timeout_ms: Milliseconds = variable(
        "MONGODB_TIMEOUT_MS",
        5000,
        about="How long an operation on MongoDB may take before the store counts as away.",
        value=MILLISECONDS,
    )

    @property
    def embedded(self) -> bool:
        """True if YABOT starts its own mongod."""
        return self.uri is None

    @property
    def tls_files(self) -> TlsFiles:
        """The TLS files that the connection string names."""
        options = parse(self.uri.get_secret_value())["options"] if self.uri else {}

        def named(option: str) -> Named | None:
            return Named(option, Path(options[option])) if options.get(option) else None

        return TlsFiles(
            "MONGODB_URI",
            authorities=named("tlsCAFile"),
            revoked=named("tlsCRLFile"),
            certificate=named("tlsCertificateKeyFile"),
            password=options.get("tlsCertificateKeyFilePassword") or "",
        )

    def key_files(self) -> Iterator[tuple[str, Path]]:
        return self.tls_files.key_files()

    def conflicts(self) -> Iterator[Problem]:
        return self.tls_files.problems()

    def production_risks(self) -> Iterator[Problem]:
        if self.uri is None:
            yield from self._unsaid()
            return
        uri = self.uri.get_secret_value()
        parsed = parse(uri)
        if not _stays_here(uri, parsed):
            yield from _transport_risks(uri, parsed)
            yield from _credential_risks(parsed)

    def _unsaid(self) -> Iterator[Problem]:
        if "uri" not in self.model_fields_set:
            yield Problem(
                "MONGODB_URI",
                "it is missing",
                "production needs a connection string, or the word embedded",
            )

    def secrets(self) -> Iterator[str]:
        if self.uri:
            yield from passwords_in(self.uri.get_secret_value())


def _stays_here(uri: str, parsed: Mapping[str, Any]) -> bool:
    """Whether only servers on this machine are called.

    A seed on this machine may name members elsewhere, and the driver follows it unless told not to.
    """
    options = parsed["options"]
    follows = not (options.get("directConnection") or options.get("loadBalanced"))
    return not (uri.startswith(SRV) or follows) and all_loopback(
        host for host, _ in parsed["nodelist"]
    )


def _transport_risks(uri: str, parsed: Mapping[str, Any]) -> Iterator[Problem]:
    options = parsed["options"]
    if not options.get("tls", uri.startswith(SRV)):
        here = all_loopback(host for host, _ in parsed["nodelist"])
        yield Problem(
            "MONGODB_URI",
            "the connection is not encrypted"
            + (", and a replica set's members may be elsewhere" if here else ""),
            "add tls=true"
            + (", or directConnection=true for the server here alone" if here else ""),
        )
    for option, harm in UNCHECKED.items():
        if options.get(option):
            yield Problem("MONGODB_URI", f"with {option}=true {harm}", "leave it out")
            return


def _credential_risks(parsed: Mapping[str, Any]) -> Iterator[Problem]:
    mechanism = parsed["options"].get("authMechanism")
    if mechanism == BY_CERTIFICATE and not parsed["options"].get("tlsCertificateKeyFile"):
        yield Problem(
            "MONGODB_URI",
            f"with authMechanism={BY_CERTIFICATE} it names no certificate of ours",
            "name a file with the certificate and its key in tlsCertificateKeyFile",
        )
    if mechanism in OTHER_CREDENTIALS:
        return
    if not (parsed["username"] and parsed["password"]):
        yield Problem(
            "MONGODB_URI", "it has no credentials", "write mongodb://user:password@host/…"
        )
    else:
        yield from guessable("MONGODB_URI", parsed["password"])

"""The TLS options in REDIS_URL: those of redis-py that an address can have."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from yabot.settings.base import Problem
from yabot.settings.tls_files import Named, TlsFiles

VARIABLE = "REDIS_URL"
SCHEME = "rediss://"
PREFIX = "ssl_"
REQUIREMENTS = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
# The other options that an address may have.
OTHERS = {
    *("host", "port", "path", "db", "username", "password", "client_name", "protocol"),
    *("encoding", "encoding_errors", "max_connections", "timeout", "health_check_interval"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "socket_read_size"),
    *("connection_class", "retry_on_timeout"),
}
OF_TLS = {
    *("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile"),
    *("ssl_password", "ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version", "ssl_ciphers"),
    *("ssl_include_verify_flags", "ssl_exclude_verify_flags"),
}
AUTHORITIES = {"ssl_ca_certs", "ssl_ca_path", "ssl_ca_data"}
WITHOUT_FILES = {"ssl_ca_data", "ssl_min_version", "ssl_ciphers"}
# The fewest bits of a cipher.
WEAKEST_BITS = 128
ANONYMOUS = "auth-null"


def tls_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    """A client's context for these options, ``ssl_…`` as redis-py's ``parse_url`` gives them.

    Only the authorities that they name are trusted: redis-py would also trust the system's. Raises
    OSError, ValueError.
    """
    checked = requirement(options)
    context = ssl.create_default_context(
        cafile=options.get("ssl_ca_certs"),
        capath=options.get("ssl_ca_path"),
        cadata=options.get("ssl_ca_data"),
    )
    context.check_hostname = checked != ssl.CERT_NONE and options.get("ssl_check_hostname", True)
    context.verify_mode = checked
    for flag in options.get("ssl_include_verify_flags", ()):
        context.verify_flags |= flag
    for flag in options.get("ssl_exclude_verify_flags", ()):
        context.verify_flags &= ~flag
    if certificate := options.get("ssl_certfile"):
        # The empty passphrase keeps OpenSSL from asking at the terminal.
        password = options.get("ssl_password", "")
        context.load_cert_chain(certificate, options.get("ssl_keyfile"), password)
    if lowest := options.get("ssl_min_version"):
        context.minimum_version = lowest
    if ciphers := options.get("ssl_ciphers"):
        context.set_ciphers(ciphers)
    return context


def tls_files(options: Mapping[str, Any]) -> TlsFiles:
    def named(option: str) -> Named | None:
        return Named(option, Path(options[option])) if option in options else None

    return TlsFiles(
        VARIABLE,
        authorities=named("ssl_ca_certs") or named("ssl_ca_path"),
        certificate=named("ssl_certfile"),
        key=named("ssl_keyfile"),
        password=options.get("ssl_password", ""),
    )


def requirement(options: Mapping[str, Any]) -> ssl.VerifyMode:
    """Raises ValueError."""
    written = str(options.get("ssl_cert_reqs", "required"))
    if written not in REQUIREMENTS:
        raise ValueError(f"ssl_cert_reqs is one of {', '.join(REQUIREMENTS)}")
    return REQUIREMENTS[written]


def refuse_unknown(options: Mapping[str, Any]) -> None:
    """Raises ValueError for options that an address cannot have, or that have no effect."""
    known = OTHERS | OF_TLS
    for name in options.keys() - known:
        raise ValueError(f"{name} is no option that an address may have")
    requirement(options)
    if len(AUTHORITIES & options.keys()) > 1:
        raise ValueError("ssl_ca_certs, ssl_ca_path and ssl_ca_data exclude each other")
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("ssl_keyfile is of no use without ssl_certfile")
    given = {name: options[name] for name in WITHOUT_FILES & options.keys()}
    try:
        # Only if needed: reading the system's authorities takes a while.
        _ = given and tls_context(given)
    except (OSError, ValueError):
        raise ValueError("ssl_min_version, ssl_ciphers or ssl_ca_data cannot be used") from None


def unchecked(options: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems with options that let another server pass for Redis, or others read along."""
    if requirement(options) == ssl.CERT_NONE:
        yield _refused("ssl_cert_reqs=none", "any server may pass for Redis",
                       "leave it out, and name the authority in ssl_ca_certs")  # fmt: skip
    if options.get("ssl_check_hostname") is False:
        yield _refused("ssl_check_hostname=false", "a certificate for any other server will do",
                       "leave it out, and use the name that the certificate is for")  # fmt: skip
    lowest = options.get("ssl_min_version")
    if lowest and lowest < ssl.TLSVersion.TLSv1_2:
        yield _refused(f"ssl_min_version={lowest}", "others may read along", "leave it out")
    if options.get("ssl_ciphers") and not _strong(options["ssl_ciphers"]):
        yield _refused("these ssl_ciphers", "a server may do without a certificate, or others read"
                       " along", "leave them out")  # fmt: skip
    if ssl.VerifyFlags.VERIFY_ALLOW_PROXY_CERTS in options.get("ssl_include_verify_flags", ()):
        yield _refused("VERIFY_ALLOW_PROXY_CERTS in ssl_include_verify_flags",
                       "whoever has any certificate may make others", "leave it out")  # fmt: skip


def _refused(option: str, harm: str, mend: str) -> Problem:
    return Problem(VARIABLE, f"with {option} {harm}", mend)


def _strong(ciphers: str) -> bool:
    """Whether every cipher requires a certificate, and encrypts well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(ciphers)
    return "SECLEVEL=0" not in ciphers and all(
        each["strength_bits"] >= WEAKEST_BITS and each.get("auth") != ANONYMOUS
        for each in context.get_ciphers()
    )

"""What production refuses of the options by which the stores' clients check a server.

Each option of pymongo 4.20, redis-py 8.1 and libpq 18 that is about TLS stands in a table.
"""

from pathlib import Path

import pytest
from psycopg.pq import Conninfo
from pymongo.common import URI_OPTIONS_VALIDATOR_MAP
from redis.asyncio.connection import SSLConnection

from tests.certificates import Authority
from tests.settings.test_settings_production import MONGODB, POSTGRES, REDIS, SOUND, problems
from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager
from yabot.settings.redis_tls import OF_TLS

pytestmark = pytest.mark.criterion("sec.1", "sec.2")
NOBODY_CHECKED = "no certificate is checked"
ANOTHERS = "a certificate for any other server will do"
READ_ALONG = "others may read along"
UNREADABLE = "pymongo cannot read it"

# Option, value, and what is told; nothing where it harms nobody.
OF_PYMONGO = [
    ("tls", "false", "the connection is not encrypted"),
    ("ssl", "true", None),
    ("ssl", "false", "the connection is not encrypted"),
    ("tlsInsecure", "true", f"with tlsInsecure=true {NOBODY_CHECKED}"),
    ("TLSINSECURE", "true", f"with tlsInsecure=true {NOBODY_CHECKED}"),
    ("tlsInsecure", "tr%75e", f"with tlsInsecure=true {NOBODY_CHECKED}"),
    ("tlsInsecure", "false&tlsInsecure=true", f"with tlsInsecure=true {NOBODY_CHECKED}"),
    ("tlsInsecure", "false", None),
    ("tls%49nsecure", "true", UNREADABLE),
    ("tlsAllowInvalidCertificates", "true",
     f"with tlsAllowInvalidCertificates=true {NOBODY_CHECKED}"),
    ("tlsAllowInvalidHostnames", "true", f"with tlsAllowInvalidHostnames=true {ANOTHERS}"),
    ("tlsDisableOCSPEndpointCheck", "true",
     "with tlsDisableOCSPEndpointCheck=true a revoked certificate will do"),
    # Not pymongo's: older versions', other drivers', and a misspelt one.
    ("tlsDisableCertificateRevocationCheck", "true", UNREADABLE),
    ("ssl_cert_reqs", "CERT_NONE", UNREADABLE),
    ("ssl_match_hostname", "false", UNREADABLE),
    ("sslAllowInvalidCertificates", "true", UNREADABLE),
]  # fmt: skip
# Those that name files, and the password of one: further down.
OF_FILES = {"tlscafile", "tlscertificatekeyfile", "tlscertificatekeyfilepassword", "tlscrlfile"}

OF_REDIS = [
    ("ssl_cert_reqs", "required", None),
    ("ssl_cert_reqs", "optional", None),
    ("ssl_cert_reqs", "none", "with ssl_cert_reqs=none any server may pass for Redis"),
    ("ssl_cert_reqs", "none&ssl_cert_reqs=required",
     "with ssl_cert_reqs=none any server may pass for Redis"),
    ("ssl_cert_reqs", "no%6ee", "with ssl_cert_reqs=none any server may pass for Redis"),
    ("ssl_cert_reqs", "CERT_NONE", "ssl_cert_reqs is one of none, optional, required"),
    ("ssl_check_hostname", "no", f"with ssl_check_hostname=false {ANOTHERS}"),
    ("ssl_check_hostname", "yes", None),
    ("ssl_min_version", "771", None),
    ("ssl_min_version", "769", f"with ssl_min_version=769 {READ_ALONG}"),
    ("ssl_min_version", "7", "ssl_min_version, ssl_ciphers or ssl_ca_data cannot be used"),
    ("ssl_ciphers", "ECDHE%2BAESGCM", None),
    ("ssl_ciphers", "aNULL", "with these ssl_ciphers a server may do without a certificate, or"
     " others read along"),
    ("ssl_ciphers", "DEFAULT@SECLEVEL=0", "with these ssl_ciphers a server may do without a"
     " certificate, or others read along"),
    ("ssl_ciphers", "nonsense", "ssl_min_version, ssl_ciphers or ssl_ca_data cannot be used"),
    ("ssl_ca_data", "nonsense", "ssl_min_version, ssl_ciphers or ssl_ca_data cannot be used"),
    ("ssl_exclude_verify_flags", "VERIFY_X509_STRICT", None),
    ("ssl_include_verify_flags", "VERIFY_CRL_CHECK_LEAF", None),
    ("ssl_include_verify_flags", "VERIFY_ALLOW_PROXY_CERTS",
     "with VERIFY_ALLOW_PROXY_CERTS in ssl_include_verify_flags whoever has any certificate may"
     " make others"),
    ("ssl_keyfile", "/k", "ssl_keyfile is of no use without ssl_certfile"),
    ("ssl_ca_certs", "/c&ssl_ca_path=/d",
     "ssl_ca_certs, ssl_ca_path and ssl_ca_data exclude each other"),
    # Of redis-py's other client, and of none.
    ("ssl_validate_ocsp", "true", "ssl_validate_ocsp is no option that an address may have"),
    ("ssl", "false", "ssl is no option that an address may have"),
    ("SSL_CERT_REQS", "none", "SSL_CERT_REQS is no option that an address may have"),
]  # fmt: skip

OF_LIBPQ = [
    ("sslmode", "verify-ca", "with sslmode=verify-ca another server may pass for PostgreSQL"),
    ("sslnegotiation", "direct", None),
    ("sslcompression", "0", None),
    ("sslcompression", "1", "with sslcompression=1 others may guess what is sent"),
    ("sslcertmode", "disable", None),
    ("sslrootcert", "system", None),
    ("sslsni", "0", None),
    ("sslkeylogfile", "/f",
     "with sslkeylogfile the keys of the connection are written to a file"),
    ("ssl_min_protocol_version", "TLSv1.3", None),
    ("ssl_min_protocol_version", "tlsv1.1", f"with ssl_min_protocol_version=tlsv1.1 {READ_ALONG}"),
    ("ssl_max_protocol_version", "TLSv1", f"with ssl_max_protocol_version=TLSv1 {READ_ALONG}"),
    ("gssencmode", "disable", None),
    ("gssencmode", "prefer",
     "with gssencmode=prefer another encryption may take the place of TLS"),
    ("gssencmode", "require",
     "with gssencmode=require another encryption may take the place of TLS"),
    ("channel_binding", "require", None),
    ("channel_binding", "disable", None),
    ("require_auth", "scram-sha-256", None),
    ("require_auth", "none", "with require_auth=none the server must ask for no password"),
    ("requirepeer", "postgres", None),
    ("passfile", "/f", None),
    ("service", "s", "with service a file decides where the connection goes"),
    ("sslcert", "/f&sslcert=/g", "it says sslcert twice"),
    ("ssl", "true", "libpq knows no option ssl"),
]  # fmt: skip
OF_THE_ENVIRONMENT = [
    ("PGSSLMINPROTOCOLVERSION", "TLSv1.1", f"with TLSv1.1 {READ_ALONG}"),
    ("PGSSLMAXPROTOCOLVERSION", "TLSv1.1", f"with TLSv1.1 {READ_ALONG}"),
    ("PGSSLCOMPRESSION", "1", "with 1 others may guess what is sent"),
    ("PGGSSENCMODE", "prefer", "with prefer another encryption may take the place of TLS"),
    ("PGREQUIREAUTH", "none", "with none the server must ask for no password"),
    # The URL says sslmode itself.
    ("PGSSLMODE", "disable", None),
    ("PGSSLNEGOTIATION", "direct", None),
]


@pytest.mark.parametrize(("option", "value", "told"), OF_PYMONGO)
def test_pymongo(option: str, value: str, told: str | None) -> None:
    tls = "" if option in {"tls", "ssl"} else "tls=true&"
    address = MONGODB.replace("tls=true", f"{tls}{option}={value}")
    expect(problems(MONGODB_URI=address), "MONGODB_URI", told)


def test_pymongo_takes_another_separator() -> None:
    [line] = problems(MONGODB_URI=MONGODB.replace("tls=true", "tls=true;tlsInsecure=true"))
    assert line == f"MONGODB_URI: with tlsInsecure=true {NOBODY_CHECKED}"


@pytest.mark.parametrize(("option", "value", "told"), OF_REDIS)
def test_redis_py(option: str, value: str, told: str | None) -> None:
    expect(problems(REDIS_URL=f"{REDIS}?{option}={value}"), "REDIS_URL", told)


@pytest.mark.parametrize(("option", "value", "told"), OF_LIBPQ)
def test_libpq(option: str, value: str, told: str | None) -> None:
    sslmode = value if option == "sslmode" else f"verify-full&{option}={value}"
    expect(problems(DATABASE_URL=f"{POSTGRES}{sslmode}"), "DATABASE_URL", told)


@pytest.mark.parametrize(("name", "value", "told"), OF_THE_ENVIRONMENT)
def test_what_libpq_obeys(name: str, value: str, told: str | None) -> None:
    expect(problems(**{name: value}), name, told)


def expect(lines: list[str], variable: str, told: str | None) -> None:
    if told is None:
        assert lines == []
    else:
        [line] = lines
        assert line.startswith(f"{variable}: {told}")


def test_no_option_is_forgotten() -> None:
    """A new version of a client brings new ones, which want to be thought about."""
    about_tls = {name for name in URI_OPTIONS_VALIDATOR_MAP if name.startswith(("tls", "ssl"))}
    assert about_tls - OF_FILES <= {option.lower() for option, _, _ in OF_PYMONGO}
    of_redis = set(SSLConnection.__init__.__annotations__)
    assert of_redis == OF_TLS
    of_libpq = {each.keyword.decode() for each in Conninfo.get_defaults()}
    decided = {option for option, _, _ in OF_LIBPQ} | {
        *("sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir"),
    }
    assert {name for name in of_libpq if name.startswith("ssl")} <= decided


@pytest.fixture
def files(tmp_path: Path) -> Path:
    authority = Authority()
    authority.write(tmp_path / "ca.pem")
    authority.leaf().write(tmp_path)
    authority.leaf().write(tmp_path / "other")
    return tmp_path


def refused(variable: str, address: str) -> list[str]:
    try:
        ConfigManager({**SOUND, variable: address}, None).load()
    except ConfigurationError as error:
        return list(error.problems)
    return []


def addresses(files: Path) -> dict[str, str]:
    pair = f"{files}/server.crt", f"{files}/server.key"
    return {
        "MONGODB_URI": f"{MONGODB}&tlsCAFile={files}/ca.pem&tlsCertificateKeyFile="
        f"{files}/server.pem",
        "DATABASE_URL": f"{POSTGRES}verify-full&sslrootcert={files}/ca.pem&sslcert={pair[0]}"
        f"&sslkey={pair[1]}",
        "REDIS_URL": f"{REDIS}?ssl_ca_certs={files}/ca.pem&ssl_certfile={pair[0]}"
        f"&ssl_keyfile={pair[1]}",
    }


VARIABLES = ("MONGODB_URI", "DATABASE_URL", "REDIS_URL")


@pytest.mark.parametrize("variable", VARIABLES)
def test_files_are_there_and_hold_what_they_should(variable: str, files: Path) -> None:
    address = addresses(files)[variable]
    assert refused(variable, address) == []
    [told] = refused(variable, address.replace("ca.pem", "none.pem"))
    assert f"{files}/none.pem" in told
    assert "cannot be read: no such file or directory" in told
    [told] = refused(variable, address.replace("ca.pem", "server.key"))
    assert "holds no certificate; name a PEM file with the certificate of the authority" in told


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_certificate_of_ours_belongs_to_its_key(variable: str, files: Path) -> None:
    address = addresses(files)[variable]
    if variable == "MONGODB_URI":
        [told] = refused(variable, address.replace("server.pem", "server.crt"))
        assert "holds no certificate with a key that can be read" in told
        return
    [told] = refused(variable, address.replace("server.key", "other/server.key"))
    assert "is not the certificate of the key beside it" in told


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_key_is_nobodys_but_ours(variable: str, files: Path) -> None:
    for key in (files / "server.key", files / "server.pem"):
        key.chmod(0o640)
    [told] = refused(variable, addresses(files)[variable])
    assert told.startswith(f"{variable}: {files}/server.")
    assert "holds a secret and may be read or changed by others (mode 0640)" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"MONGODB_URI": "mongodb://db.example.org/?tls=true&authMechanism=MONGODB-X509"},
         "MONGODB_URI: with authMechanism=MONGODB-X509 it names no certificate of ours"),
        ({"REDIS_URL": "rediss://yabot@redis.example.org"}, "REDIS_PASSWORD: it is missing"),
        ({"REDIS_URL": f"{REDIS}", "REDIS_SENTINELS": "a,b", "REDIS_SENTINEL_MASTER": "m",
          "REDIS_SENTINEL_PASSWORD": "short"},
         "REDIS_SENTINEL_PASSWORD: its password has fewer than 12 characters and can be guessed"),
        ({"DATABASE_URL": "postgresql://u@sql.example.org/yabot?sslmode=verify-full&passfile=/p"},
         "DATABASE_URL: it has no password"),
        ({"DATABASE_URL": f"{POSTGRES}verify-full&password=short"},
         "DATABASE_URL: its password has fewer than 12 characters and can be guessed"),
    ],
)  # fmt: skip
def test_credentials_are_there(changes: dict[str, str], told: str) -> None:
    assert problems(**changes) == [told]


def test_a_certificate_of_ours_is_as_good_as_a_password(files: Path) -> None:
    found = addresses(files)
    by_certificate = found["DATABASE_URL"].replace(":correcthorse", "")
    assert refused("DATABASE_URL", by_certificate) == []
    x509 = f"mongodb://db.example.org/?authMechanism=MONGODB-X509&tls=true&tlsCertificateKeyFile={files}/server.pem"
    assert refused("MONGODB_URI", x509) == []

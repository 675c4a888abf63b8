"""What OpenSSL and the stores' clients say of TLS, as they say it, and what is made of it."""

import ssl

import psycopg
import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from yabot.error_text import kind_of

pytestmark = pytest.mark.criterion("sec.4")
VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ssl.SSLError(1, f"{VERIFY}certificate has expired (_ssl.c:1006)"),
         "its certificate has expired; give the server a new one"),
        (ServerSelectionTimeoutError(
            f"SSL handshake failed: db:27017: {VERIFY}self-signed certificate in certificate chain"
        ), "no authority that is trusted has signed its certificate; name the one that has in"
           " tlsCAFile"),
        (RedisConnectionError(f"Error 1 connecting to r:6379. {VERIFY}Hostname mismatch,"
                              " certificate is not valid for 'r'."),
         "its certificate is for another name; call the server by a name that stands in it, or have"
         " it made for this one"),
        (psycopg.OperationalError('server certificate for "db" does not match host name "sql"'),
         "its certificate is for another name; call the server by a name that stands in it, or have"
         " it made for this one"),
        (psycopg.OperationalError("FATAL:  connection requires a valid client certificate"),
         "it asks for a certificate of ours; name one, and its key, in the address"),
        (psycopg.OperationalError("SSL error: tlsv1 alert unknown ca"),
         "it does not take our certificate; name one that it trusts and that has not expired"),
        (psycopg.OperationalError('root certificate file "/r.crt" does not exist'),
         "the authority to believe cannot be read; name a file with its certificate in"
         " sslrootcert"),
        (ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate"
                         " required (_ssl.c:2580)"),
         "it asks for a certificate of ours; name one, and its key, in the address"),
        (ssl.SSLError(1, "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1006)"),
         "it speaks only TLS that is too weak or unknown here; bring it to TLS 1.2 or 1.3"),
    ],
)  # fmt: skip
def test_one_sentence_says_what_is_wrong_and_what_to_do(error: Exception, told: str) -> None:
    assert kind_of(error) == told
    wrapped = AutoReconnect("away")
    wrapped.__cause__ = error
    assert kind_of(wrapped).partition(";")[0] == told.partition(";")[0]


@pytest.mark.parametrize("error", [OperationFailure, ResponseError, ValueError])
def test_what_a_server_quotes_is_not_taken_for_its_certificate(error: type[Exception]) -> None:
    """A reader may well write of certificates that have expired."""
    assert "certificate" not in kind_of(error("no such item: certificate has expired"))

"""Why TLS fails between two sides, in a sentence that says how to mend it.

OpenSSL, the libraries that use it, and PostgreSQL's client each word it in their own way. Their
messages are searched, and never repeated.
"""

# By the package that raised the error: its option that names the authority to trust.
AUTHORITY = {"pymongo": "tlsCAFile", "psycopg": "sslrootcert", "redis": "ssl_ca_certs"}
# The first entry with a matching phrase counts.
_TROUBLES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("certificate has expired",),
        "its certificate has expired; give the server a new one",
    ),
    (
        ("certificate is not yet valid",),
        "its certificate is not valid yet; set the clocks of both machines right",
    ),
    (
        ("certificate revoked", "certificate has been revoked"),
        "its certificate has been revoked; give the server a new one",
    ),
    (
        # The last two phrases are libpq's.
        (
            *("hostname mismatch", "ip address mismatch"),
            *("does not match host name", "could not get server's host name from server"),
        ),
        "its certificate is for another name; call the server by a name that stands in it, or have"
        " it made for this one",
    ),
    (
        ("root certificate file", "could not load system root certificate"),
        "the authority to believe cannot be read; name a file with its certificate in {authority}",
    ),
    (
        (
            *("self-signed certificate", "self signed certificate"),
            *("unable to get local issuer certificate", "unable to get issuer certificate"),
            *("unable to verify the first certificate", "certificate signature failure"),
        ),
        "no authority that is trusted has signed its certificate; name the one that has in"
        " {authority}",
    ),
    (
        ("unable to get certificate crl", "crl has expired"),
        "nobody can tell whether its certificate was revoked; renew the list of revoked ones",
    ),
    (
        ("ee certificate key too weak", "ca md too weak", "ee key too small", "unsuitable"),
        "its certificate is too weak, or made for another purpose; give the server a new one",
    ),
    (
        ("certificate verify failed",),
        "its certificate cannot be trusted: it has expired, or no authority that is trusted has"
        " signed it",
    ),
    (
        ("wrong version number", "server does not support ssl", "packet length too long"),
        "it does not speak TLS; switch that on at the server, or call the port where it does",
    ),
    (
        ("certificate required", "certificate_required", "requires a valid client certificate"),
        "it asks for a certificate of ours; name one, and its key, in the address",
    ),
    (
        (
            *("alert unknown ca", "alert bad certificate", "alert certificate unknown"),
            *("alert certificate expired", "alert certificate revoked", "alert access denied"),
            *("alert_unknown_ca", "alert_bad_certificate", "alert_certificate_unknown"),
            *("alert_certificate_expired", "alert_certificate_revoked"),
        ),
        "it does not take our certificate; name one that it trusts and that has not expired",
    ),
    (
        (
            *("unsupported protocol", "alert protocol version", "unsupported_protocol"),
            *("no protocols available", "no ciphers available"),
        ),
        "it speaks only TLS that is too weak or unknown here; bring it to TLS 1.2 or 1.3",
    ),
    (
        # TLS 1.2 also says this when a client certificate is missing.
        ("handshake failure", "handshake_failure"),
        "it breaks off the handshake; name a certificate of ours in the address if it asks for one,"
        " and bring it to TLS 1.2 or 1.3 with usual ciphers",
    ),
    (
        ("ssl handshake failed",),
        "it breaks off the greeting of TLS, or leaves it without an answer; see that it speaks TLS"
        " at that port",
    ),
    (
        ('requirement "!none" failed', "server did not complete authentication"),
        "it lets in whoever comes, without a password; have it ask for one (scram-sha-256 in"
        " pg_hba.conf)",
    ),
)


def tls_trouble(words: str, package: str) -> str:
    """What is wrong with TLS, by a library's ``words``; empty if they are about something else.

    ``package`` is the library that raised the error.
    """
    said = words.lower()
    for found, sentence in _TROUBLES:
        if any(part in said for part in found):
            return sentence.format(authority=AUTHORITY.get(package, "the client's options"))
    return ""

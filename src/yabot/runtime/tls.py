"""TLS, as a server speaks it."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """PEM files: the certificate with its chain, its key, and who signs the clients' ones.

    With ``client_ca`` nobody gets in without a certificate that it has signed.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises ssl.SSLError, OSError for files that do not hold what they should."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # The empty passphrase keeps OpenSSL from asking at the terminal.
        context.load_cert_chain(self.certificate, self.key, password="")
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
            # Whoever resumes a session is not asked for a certificate again.
            context.num_tickets = 0
            context.options |= ssl.OP_NO_TICKET
        return context

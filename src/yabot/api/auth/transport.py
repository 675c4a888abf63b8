"""What a request needs besides a token: a protected connection, and perhaps a certificate."""

from yabot.api.auth import refusals
from yabot.api.auth.claims import Confirmation
from yabot.api.auth.refusals import refuse
from yabot.api.caller import Caller
from yabot.runtime.peer import Certificate, Peer


def require_certificate(peer: Peer) -> None:
    """Require a certificate where clients are asked for one. Raises Refused."""
    if peer.asked and peer.certificate is None:
        raise refuse(refusals.CERTIFICATE_MISSING)


def require_bound(peer: Peer, name: str | None, confirmed: Confirmation | None) -> None:
    """Require the certificate that the registration (``name``) and the token ask for. Raises
    Refused."""
    if name is None and confirmed is None:
        return
    if peer.certificate is None:
        raise refuse(
            refusals.CERTIFICATE_MISSING,
            "The service or its token holds only with a client certificate, and this listener asks"
            " for none: set API_TLS_CLIENT_CA_FILE, or lift that with yabot service protect.",
        )
    if not (_is_for(peer.certificate, name) and _is_that(peer.certificate, confirmed)):
        raise refuse(refusals.CERTIFICATE_WRONG)


def require_protected(peer: Peer, caller: Caller) -> None:
    """Require TLS of this listener, a connection within this machine, or encrypted bodies. What a
    proxy says of itself does not count. Raises Refused.
    """
    if not (peer.encrypted or peer.local or caller.encrypt_to):
        raise refusals.TRANSPORT_UNPROTECTED.refuse()


def _is_for(certificate: Certificate, name: str | None) -> bool:
    return name is None or name.lower() in certificate.dns_names


def _is_that(certificate: Certificate, confirmed: Confirmation | None) -> bool:
    return confirmed is None or confirmed.thumbprint == certificate.thumbprint

"""A server's certificate that may change while it runs: each connection gets the newest usable one.

The files may be replaced one after the other, by symbolic links or new files, so they are polled,
not watched.
"""

import asyncio
import ssl
from datetime import datetime, timedelta

from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.observability.metrics import CERTIFICATE_ENDS, CERTIFICATE_STALE
from yabot.runtime.loops import WakingLoop
from yabot.runtime.tls import Digests, Loaded, NotUsable, ServerCertificate

log = get_logger(__name__)

# How long before its end a certificate is warned about; a quarter of its life if that is shorter.
TELL_BEFORE = timedelta(days=14)
TELL_BEFORE_OF_LIFE = 4


class CertificateReloader:
    """Keeps using the last usable certificate while the files hold none."""

    def __init__(self, files: ServerCertificate) -> None:
        """Raises NotUsable."""
        self.loop = WakingLoop("tls", self.look, files.look_every)
        self._files = files
        self._loaded = files.load()
        # How often the authorities have changed.
        self._age = 0
        # Why the files could not be used at the last look, and whether that has been logged.
        self._refused: object = None
        self._told_refused = False
        self._told_end: str | None = None
        self._show()

    @property
    def context(self) -> ssl.SSLContext:
        return self._loaded.context

    @property
    def age(self) -> int:
        """Rises when the authorities change: a connection that began at a lower age has been
        checked against former ones.
        """
        return self._age

    async def look(self) -> None:
        """Use what the files hold, if it is new and usable."""
        try:
            found = await asyncio.to_thread(self._new)
        except NotUsable as error:
            self._refuse(str(error))
        else:
            self._refused, self._told_refused = None, False
            if found is not None:
                self._take(found)
        self._show()
        self._tell_end(utc_now())

    def _new(self) -> Loaded | None:
        return None if self._files.digests() == self._loaded.digests else self._files.load()

    def _take(self, found: Loaded) -> None:
        if found.digests.client_ca != self._loaded.digests.client_ca:
            self._age += 1
        log.info(
            "tls.renewed",
            file=str(self._files.certificate),
            ends=found.ends.isoformat(),
            changed=_changed(self._loaded.digests, found.digests),
        )
        self._loaded, self._told_end = found, None

    def _refuse(self, reason: str) -> None:
        """Log it at the second look with the same reason: files may be replaced one by one."""
        if reason != self._refused:
            self._refused, self._told_refused = reason, False
        elif not self._told_refused:
            self._told_refused = True
            log.warning("tls.not_renewed", reason=reason, ends=self._loaded.ends.isoformat())

    def _show(self) -> None:
        CERTIFICATE_ENDS.labels("API_TLS_CERT_FILE").set(self._loaded.ends.timestamp())
        CERTIFICATE_STALE.labels("API_TLS_CERT_FILE").set(self._told_refused)

    def _tell_end(self, now: datetime) -> None:
        """Log once that the end is near, and once that it has come."""
        loaded = self._loaded
        before = min(TELL_BEFORE, (loaded.ends - loaded.begins) / TELL_BEFORE_OF_LIFE)
        if now < loaded.ends - before:
            return
        told = "tls.certificate_expired" if now >= loaded.ends else "tls.certificate_ends"
        if told != self._told_end:
            self._told_end = told
            log.warning(told, file=str(self._files.certificate), ends=loaded.ends.isoformat())


def _changed(before: Digests, after: Digests) -> list[str]:
    return [
        name for name, old, new in zip(before._fields, before, after, strict=True) if old != new
    ]

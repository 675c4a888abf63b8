"""TLS that both sides check, with files that may change at any time."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from yabot_client.errors import Misconfigured
from yabot_client.kept import Stamp, stamps

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    # Ours, and its key.
    certificate: tuple[Path, Path] | None = None
    # Whose certificates are believed; without one, those whom this machine believes.
    authority: Path | None = None
    # Without TLS nobody is believed.
    is_used: bool = True

    @property
    def stamp(self) -> tuple[Stamp, ...]:
        return stamps([*(self.certificate or ()), *([self.authority] if self.authority else [])])

    def context(self) -> ssl.SSLContext:
        """Raises Misconfigured."""
        if not self.is_used:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context = ssl.create_default_context(cafile=self.authority)
        except OSError as error:
            raise Misconfigured(f"authority holds no certificate: {_why(error)}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            try:
                # Without a password there is nothing to ask at a terminal.
                context.load_cert_chain(*self.certificate, password="")
            except OSError as error:
                raise Misconfigured(
                    f"certificate must be a certificate and the key of it: {_why(error)}"
                ) from None
        return context


class Lines(Generic[T]):
    """The connections of a client: others as soon as its files are others, or the process is.

    Those of before end when the last request on them has. Any number of threads may ask.
    """

    def __init__(self, files: TlsFiles, make: Callable[[ssl.SSLContext], T]) -> None:
        """``make`` gives what holds connections. Raises Misconfigured."""
        self._files = files
        self._make = make
        self._lock = Lock()
        self._stamp = files.stamp
        self._begin(files.context())

    def take(self) -> tuple[T, list[T]]:
        """What to send with, until it is given back; and what is to be closed."""
        with self._lock:
            if self._process != os.getpid():
                # Those of before are the parent's, of which a fork is a copy: so are the answers
                # on them.
                self._begin(self._context)
            former = self._renew()
            self._used[id(self._current)] += 1
            return self._current, former

    def give_back(self, lines: T) -> list[T]:
        """What is to be closed."""
        with self._lock:
            self._used[id(lines)] -= 1
            return self._idle(lines)

    @property
    def current(self) -> T:
        return self._current

    def _begin(self, context: ssl.SSLContext) -> None:
        """With no connection yet."""
        self._current, self._context = self._make(context), context
        self._used = {id(self._current): 0}
        self._process = os.getpid()

    def _renew(self) -> list[T]:
        if (now := self._files.stamp) == self._stamp:
            return []
        try:
            context = self._files.context()
            made = self._make(context)
        except Misconfigured:
            # Half of the files have changed; what was read last goes on to hold.
            return []
        former, self._current, self._stamp = self._current, made, now
        self._context = context
        self._used[id(made)] = 0
        return self._idle(former)

    def _idle(self, lines: T) -> list[T]:
        if lines is self._current or self._used[id(lines)]:
            return []
        del self._used[id(lines)]
        return [lines]


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__

"""Finds secrets in whatever a program has written, also where they are encoded, cut or broken.

A test names its secrets in a ``Hunt``, has the program take every road with them, and searches
everything that came out: ``assert not hunt.found(outputs)``.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

# Of a long secret so much may not be seen either, wherever it is cut.
PIECE = 12
# Left out before a secret is looked for a second time: line breaks, as they are and as text.
BREAKS = (b"\\r", b"\\n", b'"', b"'", b"\r", b"\n", b"\t", b" ", b"|", b"\\")


class Hunt:
    """``secrets`` by what they are called in a report; a short one is looked for as a whole."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._needles = {
            name: sorted({piece for form in forms(secret) for piece in pieces(form)})
            for name, secret in secrets.items()
        }

    def found(self, outputs: Mapping[str, bytes]) -> str:
        """A line for each secret in each output: where, which, and what stands around it."""
        return "\n".join(
            f"{where}: {leak}" for where, output in outputs.items() for leak in self._in(output)
        )

    def _in(self, output: bytes) -> Iterator[str]:
        joined = _without_breaks(output)
        for name, needles in self._needles.items():
            for needle in needles:
                at = output.find(needle)
                if at >= 0:
                    yield f"{name}: {_surroundings(output, at, needle)}"
                    break
                if (at := joined.find(_without_breaks(needle))) >= 0:
                    yield f"{name}, broken: {_surroundings(joined, at, needle)}"
                    break


def forms(secret: str) -> set[bytes]:
    """As it is, and as URLs, JSON, reprs, base64 and hexadecimal digits write it."""
    octets = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").lower(),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        repr(secret)[1:-1],
        repr(octets)[2:-1],
        secret[::-1],
    }
    return {octets, octets.hex().encode(), *_base64(octets), *(text.encode() for text in texts)}


def _base64(octets: bytes) -> Iterator[bytes]:
    """At each of the three places that it may have among other octets, without its blurred ends."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets)
        whole = encoded[4 if before else 0 :].rstrip(b"=")[:-1]
        yield whole
        yield whole.replace(b"+", b"-").replace(b"/", b"_")


def pieces(form: bytes) -> Iterator[bytes]:
    """What of it must not be seen: whoever shows twice as much shows one of them whole."""
    if len(form) < 2 * PIECE:
        yield form
    else:
        yield from (form[at : at + PIECE] for at in range(0, len(form) - PIECE + 1, PIECE))


def _without_breaks(octets: bytes) -> bytes:
    for each in BREAKS:
        octets = octets.replace(each, b"")
    return octets


def _surroundings(output: bytes, at: int, needle: bytes) -> str:
    return output[max(at - 80, 0) : at + len(needle) + 40].decode("utf-8", "replace")


def files_in(*folders: Path) -> dict[str, bytes]:
    """Every file below them, by its path."""
    return {
        str(file): file.read_bytes()
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def processes(pids: Iterable[int]) -> dict[str, bytes]:
    """What anybody on this machine may see of them, and what their user may besides."""
    return {
        f"{pid} {what}": Path(f"/proc/{pid}/{what}").read_bytes()
        for pid in pids
        for what in ("cmdline", "environ")
    }

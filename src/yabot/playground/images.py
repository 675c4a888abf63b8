"""How large a picture is, from its first bytes: PNG, JPEG, GIF and WebP."""

import struct

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of(body: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if ``body`` is no picture of these kinds."""
    try:
        width, height = _read(body)
    except (struct.error, IndexError, ValueError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _read(body: bytes) -> tuple[int, int]:
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", body, 16)
    elif body.startswith(b"\xff\xd8"):
        width, height = _jpeg(body)
    elif body.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", body, 6)
    elif body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        width, height = _webp(body)
    else:
        raise ValueError("no picture")
    return width, height


def _jpeg(body: bytes) -> tuple[int, int]:
    at = 2
    while body[at] == 0xFF:
        marker, length = struct.unpack_from(">BH", body, at + 1)
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, at + 5)
            return width, height
        at += 2 + length
    raise ValueError("no frame")


def _webp(body: bytes) -> tuple[int, int]:
    kind = body[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(body[24:27], "little") + 1
        return width, int.from_bytes(body[27:30], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", body, 26)
    return width & 0x3FFF, height & 0x3FFF

"""Just enough of WiredTiger's file format to make a data file look newer than its reader."""

import struct
from pathlib import Path

BLOCK = 4096
DESCRIPTION = struct.Struct("<IHHII")  # magic, major and minor version, checksum, unused


def pretend_newer(file: Path) -> None:
    """Raise the file's major version, with a checksum that fits."""
    with file.open("r+b") as opened:
        block = bytearray(opened.read(BLOCK))
        magic, _, minor, _, unused = DESCRIPTION.unpack_from(block)
        DESCRIPTION.pack_into(block, 0, magic, 99, minor, 0, unused)
        DESCRIPTION.pack_into(block, 0, magic, 99, minor, _crc32c(bytes(block)), unused)
        opened.seek(0)
        opened.write(block)


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

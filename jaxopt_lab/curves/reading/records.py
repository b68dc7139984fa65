"""The frames of TensorBoard's event files: length, checksum, payload, checksum, one after the other.

A writer that crashed leaves a record cut short, a disk may leave one damaged. Such a record is lost and no other: the
next one is found by its checksum.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

HEADER_SIZE = 12
LARGEST_PAYLOAD = 64 << 20
"""Bytes; what is larger holds a picture or a model, never a curve, and is passed over unread."""

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_WINDOW = 1 << 20
# The length of a record below 16 MiB: three bytes that are not all zero, then five that are.
_LIKELY_LENGTH = re.compile(rb"(?=(?!\0{3})...\0{5})", re.DOTALL)


def masked_checksum(data: bytes) -> int:
    """The CRC-32C of the data, turned and shifted as the format has it, so that it is no CRC of what contains it."""
    import google_crc32c

    return _masked(google_crc32c.value(data))


def _masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def begins_with_record(head: bytes) -> bool:
    """Whether these bytes begin as a record does: with a length, and its checksum."""
    return len(head) >= HEADER_SIZE and _HEADER.unpack_from(head)[1] == masked_checksum(head[:8])


def records(file: BinaryIO) -> Iterator[bytes | None]:
    """The payloads of a file of records, in order; None where something was lost.

    Args:
        file: open for reading, at its start.
    """
    import google_crc32c

    checksum, read = google_crc32c.value, file.read
    start = 0
    while header := read(HEADER_SIZE):
        after = start + 1
        if len(header) == HEADER_SIZE:
            length, header_check = _HEADER.unpack(header)
            if header_check == _masked(checksum(header[:8])):
                if length > LARGEST_PAYLOAD:
                    file.seek(start + HEADER_SIZE + length)
                    payload, whole = b"", len(read(4)) == 4
                else:
                    payload, footer = read(length), read(4)
                    whole = len(footer) == 4 and _FOOTER.unpack(footer)[0] == _masked(checksum(payload))
                if whole:
                    yield payload
                    start += HEADER_SIZE + length + 4
                    continue
                after = start + HEADER_SIZE
        yield None
        found = _next_header(file, after)
        if found is None:
            return
        start = found
        file.seek(start)


def _next_header(file: BinaryIO, start: int) -> int | None:
    """Where the next record begins, at this place or later."""
    file.seek(start)
    window = b""
    while more := file.read(_WINDOW):
        window += more
        for found in _LIKELY_LENGTH.finditer(window):
            if begins_with_record(window[found.start() : found.start() + HEADER_SIZE]):
                return start + found.start()
        passed = max(0, len(window) - HEADER_SIZE + 1)
        start, window = start + passed, window[passed:]
    return None

"""The frames of TensorBoard's event files: length, checksum, payload, checksum, one after the other.

A writer that crashed leaves a record cut short, a disk may leave one damaged. Such a record is lost and no other: the
next one is found by its checksum.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

HEADER_SIZE, _FOOTER_SIZE = 12, 4
LARGEST_PAYLOAD = 64 << 20
"""Bytes; what is larger holds a picture or a model, never a curve, and is passed over unread."""

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_WINDOW = 1 << 20
# The length of a record below 16 MiB: three bytes that are not all zero, then five that are.
_LIKELY_LENGTH = re.compile(rb"(?=(?!\0{3})...\0{5})", re.DOTALL)


def masked_checksum(data: bytes) -> int:
    """The CRC-32C of the data, turned and shifted as the format has it, so that it is no CRC of what contains it."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def begins_with_record(head: bytes) -> bool:
    """Whether these bytes begin as a record does: with a length, and its checksum."""
    return len(head) >= HEADER_SIZE and _HEADER.unpack_from(head)[1] == masked_checksum(head[:8])


def records(file: BinaryIO) -> Iterator[bytes | None]:
    """The payloads of a file of records, in order; None where something was lost.

    Args:
        file: open for reading, at its start.
    """
    read, start = file.read, 0
    lengths: dict[bytes, int] = {}  # of the headers seen: most records have one of a few lengths
    while header := read(HEADER_SIZE):
        length = lengths.get(header)
        if length is None and begins_with_record(header):
            length = lengths[header] = _HEADER.unpack(header)[0]
        if length is not None and (payload := _whole_payload(file, start, length)) is not None:
            yield payload
            start += HEADER_SIZE + length + _FOOTER_SIZE
            continue
        yield None
        found = _next_header(file, start + (1 if length is None else HEADER_SIZE))
        if found is None:
            return
        start = found
        file.seek(start)


def _whole_payload(file: BinaryIO, start: int, length: int) -> bytes | None:
    """The payload of the record that starts here, its header just read; None if it was cut short or damaged."""
    if length > LARGEST_PAYLOAD:
        file.seek(start + HEADER_SIZE + length)
        return b"" if len(file.read(_FOOTER_SIZE)) == _FOOTER_SIZE else None
    written = file.read(length + _FOOTER_SIZE)
    payload = written[:length]
    return payload if written[length:] == _FOOTER.pack(masked_checksum(payload)) else None


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

"""What TensorBoard's records say: scalars out of serialised `Event` messages, and nothing else of them.

    Event    1 wall_time  2 step  5 summary
    Summary  1 value (repeated)
    Value    1 tag  2 simple_value  8 tensor
    Tensor   1 dtype  2 shape  4 content  5 float_val  6 double_val  13 half_val

`simple_value` is how TensorFlow 1, PyTorch and tensorboardX write a scalar; a tensor without dimensions is TensorFlow
2's way. The wire format is that of protocol buffers: a key (number << 3 | kind), then a value as the kind says.
"""

import struct
from collections.abc import Iterable, Iterator

_FLOAT = struct.Struct("<f")
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_WALL_TIME_KEY, _STEP_KEY = 1 << 3 | _EIGHT_BYTES, 2 << 3 | _VARINT
# dtype: the format of one number, and the field where it lies unless it lies in `content`
_FLOAT_TYPES = {1: ("<f", 5), 2: ("<d", 6), 19: ("<e", 13), 14: ("bfloat16", 13)}


Scalar = tuple[str, int, float]
"""One point: its curve's name, its step, its value."""


def scalars(payloads: Iterable[bytes]) -> Iterator[Scalar]:
    """The scalars of serialised events, in order; what is no event or holds no scalar gives none.

    Events of one curve differ in their time, their step and four bytes of value. Where these four lie is learned from
    the first event of each curve; a later one whose other bytes are the same need not be parsed.
    """
    places: dict[int, set[int]] = {}
    tags: dict[tuple[bytes, bytes], str] = {}
    for payload in payloads:
        try:
            step, body = _split(payload)
            for place in places.get(len(body), ()):
                tag = tags.get((body[:place], body[place + 4 :]))
                if tag is not None:
                    yield tag, step, _FLOAT.unpack_from(body, place)[0]
                    break
            else:
                found = list(_event_scalars(payload))
                if len(found) == 1 and (place := _only_place(body, found[0][2])) is not None:
                    places.setdefault(len(body), set()).add(place)
                    tags[body[:place], body[place + 4 :]] = found[0][0]
                yield from found
        except (ValueError, IndexError, struct.error):
            continue  # a good checksum, and yet no event: nothing of ours is in it


def _split(event: bytes) -> tuple[int, bytes]:
    """The step, and the event without the time and the step that it begins with."""
    place = 9 if event[:1] == bytes([_WALL_TIME_KEY]) else 0
    if place < len(event) and event[place] == _STEP_KEY:
        step, place = _varint(event, place + 1)
        return _signed(step), event[place:]
    return 0, event[place:]


def _only_place(body: bytes, value: float) -> int | None:
    """Where the four bytes of the value lie, if they lie in one place only and the rest names no step."""
    try:
        written = _FLOAT.pack(value)
    except OverflowError:
        return None  # a double
    place = body.find(written)
    alone = place >= 0 and place == body.rfind(written)
    return place if alone and all(number != 2 for number, _ in _fields(body)) else None


def _event_scalars(event: bytes) -> Iterator[Scalar]:
    fields = dict(_fields(event))
    step = _signed(_whole(fields.get(2)))
    for number, value in _fields(_message(fields.get(5))):
        if number == 1:
            of_value = dict(_fields(_message(value)))
            simple = _message(of_value.get(2))
            scalar = _FLOAT.unpack(simple)[0] if simple else _tensor_scalar(_message(of_value.get(8)))
            if scalar is not None:
                yield _message(of_value.get(1)).decode("utf-8", "replace"), step, scalar


def _tensor_scalar(tensor: bytes) -> float | None:
    """The one number of a tensor of floats; None for any other tensor."""
    fields = dict(_fields(tensor))
    kind, field = _FLOAT_TYPES.get(_whole(fields.get(1)), ("", 0))
    dimensions = [_message(value) for number, value in _fields(_message(fields.get(2))) if number == 2]
    if not kind or any(_whole(dict(_fields(each)).get(1)) != 1 for each in dimensions):
        return None
    value = fields.get(field)
    if field == 13 and value is not None:  # 16 bits, written as a whole number, alone or in a list of one
        number = value if isinstance(value, int) else _varint(value, 0)[0]
        value = (number & 0xFFFF).to_bytes(2, "little")
    written = _message(fields.get(4)) or _message(value)
    if kind == "bfloat16":  # the upper half of a float
        kind, written = "<f", b"\0\0" + written
    return struct.unpack(kind, written)[0]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The number and the content of each field: a whole number, or bytes.

    Raises:
        ValueError: if this is no message.
    """
    place, end = 0, len(message)
    while place < end:
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            content, place = _varint(message, place)
            yield key >> 3, content
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if place + size > end:
            raise ValueError("a field that goes beyond its message")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A whole number in groups of seven bits, the lowest first, and where it ends."""
    number, shift = 0, 0
    while True:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
        if shift > 63:
            raise ValueError("a whole number of more than 64 bits")


def _message(content: int | bytes | None) -> bytes:
    return content if isinstance(content, bytes) else b""


def _whole(content: int | bytes | None) -> int:
    return content if isinstance(content, int) else 0


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number

"""Event files: the frames of records, whatever was cut or damaged, and the scalars in them."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxopt_lab.curves import read
from jaxopt_lab.curves.reading import records as framing
from jaxopt_lab.curves.reading.events import scalars
from jaxopt_lab.curves.reading.records import begins_with_record, masked_checksum, records

LOGS = Path(__file__).parent / "logs"
RUN = LOGS / "tensorboardx" / "lr_0.1" / "events.out.tfevents.1700000000.host"
WHOLE = RUN.read_bytes()


def framed(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    checks = [struct.pack("<I", masked_checksum(each)) for each in (length, payload)]
    return length + checks[0] + payload + checks[1]


def read_records(content: bytes) -> list[bytes | None]:
    return list(records(io.BytesIO(content)))


def field(number: int, content: bytes) -> bytes:
    assert max(number, len(content)) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def event(value: bytes, *, step: bytes = b"\x10\x03", tag: bytes = b"loss") -> bytes:
    """An event at step 3 with one value, of which these are the fields after its tag."""
    return b"\x09" + struct.pack("<d", 1.7e9) + step + field(5, field(1, field(1, tag) + value))


PAYLOADS = read_records(WHOLE)


def test_checksums_are_the_published_ones():
    """CRC-32C of 32 zeros is 8a9136aa (RFC 3720, B.4), here turned by 15 bits and shifted by a282ead8."""
    crc = 0x8A9136AA
    assert masked_checksum(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def test_the_records_of_a_real_file():
    assert None not in PAYLOADS
    assert len(PAYLOADS) == 1 + 6 * 3 + 2  # the version, three curves of six points, a histogram and a text
    assert b"".join(framed(payload) for payload in PAYLOADS if payload is not None) == WHOLE


@given(st.integers(0, len(WHOLE)))
def test_a_prefix_of_a_file_has_a_prefix_of_its_records(size):
    found = read_records(WHOLE[:size])
    whole = [payload for payload in found if payload is not None]
    assert whole == PAYLOADS[: len(whole)]
    ended = sum(len(framed(payload)) for payload in whole if payload is not None)
    assert found[len(whole) :] == ([] if size == ended else [None])  # what was cut is told once, at the end


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_damaged_byte_costs_one_record(place, change):
    damaged = bytearray(WHOLE)
    damaged[place] ^= change
    found = [payload for payload in read_records(bytes(damaged)) if payload is not None]
    assert len(found) == len(PAYLOADS) - 1
    assert set(found) < set(PAYLOADS)


@given(st.integers(1, len(WHOLE) - 1))
@settings(max_examples=30)
def test_what_was_appended_after_a_crash_is_found(size):
    """A writer stopped somewhere, and another went on in the same file."""
    found = [payload for payload in read_records(WHOLE[:size] + WHOLE) if payload is not None]
    assert found[-len(PAYLOADS) :] == PAYLOADS
    assert found[: -len(PAYLOADS)] == PAYLOADS[: len(found) - len(PAYLOADS)]


def test_zeros_that_a_power_cut_left_are_passed(monkeypatch):
    monkeypatch.setattr(framing, "_WINDOW", 64)  # so that windows meet inside headers
    for zeros in range(1, 80):
        assert read_records(WHOLE[:200] + bytes(zeros) + framed(b"after"))[-1] == b"after"


def test_a_payload_too_large_for_a_scalar_is_passed_over(monkeypatch):
    monkeypatch.setattr(framing, "LARGEST_PAYLOAD", 100)
    assert read_records(framed(b"a") + framed(bytes(101)) + framed(b"b")) == [b"a", b"", b"b"]
    assert read_records(framed(b"a") + framed(bytes(101))[:50]) == [b"a", None]


@given(st.binary(max_size=60))
def test_anything_gives_records_or_nothing(content):
    assert all(payload is None or framed(payload) in content for payload in read_records(content))
    assert begins_with_record(framed(content))


SHAPE_1_1 = field(2, field(2, b"\x08\x01") + field(2, b"\x08\x01"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\x15" + struct.pack("<f", 0.1), np.float32(0.1)),
        (b"\x15" + struct.pack("<f", float("inf")), float("inf")),
        (field(8, b"\x08\x01" + field(4, struct.pack("<f", 0.1))), np.float32(0.1)),
        (field(8, b"\x08\x01" + SHAPE_1_1 + field(5, struct.pack("<f", 0.1))), np.float32(0.1)),
        (field(8, b"\x08\x01\x2d" + struct.pack("<f", 0.1)), np.float32(0.1)),  # a list that is not packed
        (field(8, b"\x08\x02" + field(4, struct.pack("<d", 0.1))), 0.1),
        (field(8, b"\x08\x02" + field(6, struct.pack("<d", 1e300))), 1e300),
        (field(8, b"\x08\x13" + field(4, struct.pack("<e", 0.1))), np.float16(0.1)),
        (field(8, b"\x08\x13" + field(13, b"\x80\x78")), 1.0),  # 0x3c00 in groups of seven bits
        (field(8, b"\x08\x13\x68\x80\x78"), 1.0),
        (field(8, b"\x08\x0e" + field(13, b"\x80\x7f")), 1.0),  # 0x3f80
        (field(8, b"\x08\x0e" + field(4, b"\xc0\x3f")), 1.5),
    ],
)
def test_a_scalar_of_each_kind(value, expected):
    assert list(scalars([event(value)])) == [("loss", 3, expected)]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        field(8, b"\x08\x07" + field(8, b"a text")),  # strings
        field(8, b"\x08\x03" + field(7, b"\x05")),  # whole numbers
        field(8, b"\x08\x01" + field(2, field(2, b"\x08\x02")) + field(5, struct.pack("<f", 1.0))),  # two, both 1
        field(8, b"\x08\x01" + field(4, struct.pack("<2f", 1.0, 2.0))),
        field(8, b"\x08\x01"),
        field(5, b"a histogram"),
    ],
)
def test_what_is_no_scalar_gives_none(value):
    assert list(scalars([event(value)])) == []


def test_steps_of_any_size_and_place():
    value = b"\x15" + struct.pack("<f", 0.5)
    minus_one = b"\x10" + b"\xff" * 9 + b"\x01"
    steps = {b"": 0, b"\x10\x00": 0, b"\x10\xac\x02": 300, minus_one: -1}
    assert [step for _, step, _ in scalars(event(value, step=written) for written in steps)] == list(steps.values())
    in_another_order = field(5, field(1, field(1, b"loss") + value)) + b"\x10\x07"
    assert list(scalars([in_another_order, in_another_order])) == [("loss", 7, 0.5)] * 2


def test_events_that_are_alike_are_told_apart():
    """What was learned of the first event of a curve holds for that curve only, and not where it is ambiguous."""
    floats = [0.5, 0.25, 0.0, 0.5, struct.unpack("<f", b"loss")[0], 2.0]
    events = [event(b"\x15" + struct.pack("<f", x), tag=tag) for x in floats for tag in (b"loss", b"cost")]
    assert list(scalars(events)) == [(tag, 3, x) for x in floats for tag in ("loss", "cost")]
    value = [field(1, field(1, tag) + b"\x15" + struct.pack("<f", 0.5)) for tag in (b"a", b"b")]
    assert list(scalars([field(5, b"".join(value))] * 2)) == [("a", 0, 0.5), ("b", 0, 0.5)] * 2


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_payloads_that_are_no_events_give_nothing_and_break_nothing(payloads):
    good = event(b"\x15" + struct.pack("<f", 0.5))
    assert list(scalars([*payloads, good]))[-1] == ("loss", 3, 0.5)


def test_a_cut_file_is_read_up_to_there_and_says_so(tmp_path):
    log = tmp_path / "events.out.tfevents.1.host"
    log.write_bytes(WHOLE[:-10])
    table, whole = read(log), read(RUN)
    assert table["train_loss"].tolist() == whole["train_loss"].tolist()
    assert table["train_accuracy"].isna().tolist() == [False] * 5 + [True]
    assert table.attrs["notes"] == [f"{log.name}: cut short or damaged in one place; the records there are lost"]
    log.write_bytes(b"\0" + WHOLE[1:])
    assert read(log)["train_loss"].tolist() == whole["train_loss"].tolist()


def test_a_training_taken_up_again_counts_as_it_was_written_last(tmp_path):
    """Two files of one folder, the second from step 3 on: later values replace earlier ones."""
    for number, (steps, shift) in enumerate([(range(5), 0), (range(3, 7), 10)]):
        values = [event(b"\x15" + struct.pack("<f", step + shift), step=bytes([16, step])) for step in steps]
        (tmp_path / f"events.out.tfevents.{number}.host").write_bytes(b"".join(map(framed, values)))
    table = read(tmp_path)
    assert table["step"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert table["train_loss"].tolist() == [0, 1, 2, 13, 14, 15, 16]


def test_a_loss_that_was_written_as_nan_is_told(tmp_path):
    values = {0: 1.0, 1: float("nan"), 3: float("nan")}
    events = [event(b"\x15" + struct.pack("<f", value), step=bytes([16, step])) for step, value in values.items()]
    events += [event(b"\x15" + struct.pack("<f", 0.1), step=bytes([16, 2]), tag=b"lr")]
    (tmp_path / "events").write_bytes(b"".join(map(framed, events)))
    table = read(tmp_path / "events")
    assert table["train_loss"].isna().tolist() == [False, True, True, True]
    assert table.attrs["not_finite"] == {tmp_path.name: {"train_loss": 1}}


@pytest.mark.parametrize("content", [framed(b"\x1a\x0dbrain.Event:2"), WHOLE[:11]])
def test_an_event_file_without_scalars_is_refused(tmp_path, content):
    (tmp_path / "events.out.tfevents.1.host").write_bytes(content)
    with pytest.raises(ValueError, match="hold no scalars; has the writer been flushed or closed"):
        read(tmp_path / "events.out.tfevents.1.host")

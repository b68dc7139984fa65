"""Tables of predictions: read whole or refused in a sentence, and nothing in them is run."""

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jaxopt_lab.evaluation import read_table

TEXT = "id,label,p\n1,0,0.25\n2,1,0.5\n3,0,1e-3\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", TEXT),
        ("b.tsv", TEXT.replace(",", "\t")),
        ("c.csv", TEXT.replace(",", ";")),
        ("d.csv", "\ufeff" + TEXT.replace("\n", "\r\n")),
        ("e.csv", TEXT.replace(",", ", ")),
    ],
)
def test_tables_with_separators(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    table = read_table(tmp_path / name, ["p", "label"])
    assert list(table) == ["p", "label"]
    assert table["p"].to_list() == [0.25, 0.5, 0.001]
    assert table["label"].to_list() == [0, 1, 0]


def test_arrays_and_their_columns(tmp_path):
    np.savez(tmp_path / "a.npz", y=[0, 1, 2], p=np.eye(3))
    table = read_table(tmp_path / "a.npz", ["y", "p[1]"])
    assert table["p[1]"].to_list() == [0, 1, 0]


def test_missing_cells_stay_missing(tmp_path):
    (tmp_path / "a.csv").write_text("y,p\n0,0.5\n1\n1,\n")
    assert read_table(tmp_path / "a.csv", ["p"])["p"].isna().to_list() == [False, True, True]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", TEXT, "has no column 'q'; it has id, label, p"),
        ("a.csv", "", "has no column 'q'; it has none at all"),
        ("a.csv", "q,p,q\n1,2,3\n", "2 columns are called 'q'"),
        ("a.csv", "q,p\n1,2,3\n", "its rows don't fit its header"),
        ("a.csv", "q,p\n1,2\n1,2,3\n", "its rows don't fit its header"),
        ("a.csv", b"q,p\n\xff\xfe,2\n", "is no text in UTF-8"),
        ("a.npz", "no archive", "is no .npz of plain arrays"),
        ("a.xlsx", "", "ends in .xlsx; pass a table ending in .csv, .tsv, .parquet or .npz"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"^[^\n]+$") as refused:
        read_table(tmp_path / name, ["q"])
    assert message in str(refused.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no such file"):
        read_table(tmp_path / "a.csv", ["q"])


def test_arrays_of_different_lengths_or_of_no_column_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", y=[0, 1], p=[0.5], cube=np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="y has 2, p has 1 rows"):
        read_table(tmp_path / "a.npz", ["y", "p"])
    with pytest.raises(ValueError, match=r"cube has the shape \(2, 2, 2\)"):
        read_table(tmp_path / "a.npz", ["y", "cube"])


class _Writes:
    def __init__(self, place: Path):
        self.place = place

    def __reduce__(self):
        return Path.write_text, (self.place, "run")


def test_nothing_in_a_file_is_run(tmp_path):
    place = tmp_path / "trace"
    np.savez(tmp_path / "a.npz", q=np.array([_Writes(place)], dtype=object))
    with pytest.raises(ValueError, match="without objects"):
        read_table(tmp_path / "a.npz", ["q"])
    assert not place.exists()
    pickle.loads(pickle.dumps(_Writes(place)))  # noqa: S301 - it would have been
    assert place.exists()


def test_parquet_without_its_reader_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="reading Parquet takes pyarrow, which is not installed"):
        read_table(tmp_path / "a.parquet", ["q"])


def test_parquet(tmp_path):
    table = pd.DataFrame({"y": [0, 1], "q": [0.25, 0.5], "kind": ["a", "b"]})
    table.to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", ["q"])["q"].to_list() == [0.25, 0.5]
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet"), table)
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="is no Parquet file"):
        read_table(tmp_path / "b.parquet")


def test_all_columns_but_some(tmp_path):
    (tmp_path / "A.CSV").write_text(TEXT)
    assert list(read_table(tmp_path / "A.CSV")) == ["id", "label", "p"]
    assert list(read_table(tmp_path / "A.CSV", without=["id"])) == ["label", "p"]
    with pytest.raises(ValueError, match="has no column 'q'"):
        read_table(tmp_path / "A.CSV", without=["q"])
    (tmp_path / "b.csv").write_text(",p\n0,1\n")
    with pytest.raises(ValueError, match="column 1 has no name; give it one"):
        read_table(tmp_path / "b.csv")
    assert list(read_table(tmp_path / "b.csv", without=[""])) == ["p"]

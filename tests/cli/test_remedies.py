"""``jaxopt-lab remedies``."""

import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from jaxopt_lab.labs.imbalance import compare_remedies
from jaxopt_lab.problems import dataset


@pytest.fixture
def table(tmp_path):
    draws = np.random.default_rng(0)
    sick = np.repeat([0, 1], [160, 40])
    table = pd.DataFrame({"id": np.arange(200), "a": draws.normal(size=200) + 2 * sick, "b": draws.normal(size=200)})
    table["y"], table["state"] = sick, np.where(sick, "ill", "well")
    table["town"] = "Rome"
    table["hole"] = table.a.where(table.index != 6)
    table["kind"] = table.id % 3
    table["one"] = 1
    table.to_csv(tmp_path / "t.csv", index=False)
    return table


OTHERS = "id,hole,kind,one"


def test_a_table_of_ones_own(call, tmp_path, table):
    words = ("t.csv", "--label", "state", "--positive", "ill", "--drop", f"{OTHERS},town,y", "--splits", "3")
    outcome = call("remedies", *words, "--out", "found.nc")
    assert outcome.status == 0, outcome.err
    assert "t.csv: 200 rows, 40 of class ill (20.0%)\n" in outcome.out
    assert "logistic regression on 2 features, 3 random splits" in outcome.out
    rows = {line.split("  ")[1]: line for line in outcome.out.splitlines() if line.startswith("  ")}
    with xr.open_dataset(tmp_path / "found.nc") as found:
        mean = found["mean"].sel(metric="auc", remedy="none").item()
        assert f"{mean:.3f} (" in rows["none"]
        expected = compare_remedies(
            dataset(table[["a", "b"]], table.state == "ill", validation=0, test=0, standardize=False), splits=3
        )
        np.testing.assert_allclose(found["mean"], expected["mean"], atol=1e-6)
    assert "At 20% positives. Rank better than no remedy: " in outcome.out
    assert outcome.out.endswith("saved: found.nc\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--label", "z"], "--label: t.csv has no column 'z'; it has id, a, b"),
        (["--label", "kind"], "kind: has 3 classes; remedies for the rare class are for two"),
        (["--label", "one"], "one: every row is of class 1"),
        (["--label", "state"], "state: has the classes 'ill', 'well'; say which one is positive"),
        (["--label", "state", "--positive", "well"], "80% of the rows are positive; remedies are for the rarer class"),
        (["--label", "y"], "state: row 1 is 'well', text; pass numbers; or leave the column out by --drop"),
        (["--label", "y", "--drop", "state,town"], "hole: 1 of 200 values are missing or NaN, the first in row 7"),
        (["--label", "y", "--drop", "zip"], "t.csv: has no column 'zip'"),
        (["--label", "y", "--drop", f"{OTHERS},town,state,a,b"], "t.csv: has no column but 'y'"),
        (["--label", "y", "--drop", f"{OTHERS},town,state", "--prevalence", "0.7"], "prevalences: got 0.7"),
        (["--label", "y", "--drop", f"{OTHERS},town,state", "--prevalence", "0.01"], "bring more rows or ask for"),
        (["--label", "y", "--out", "a.gif"], "--out: got a.gif"),
    ],
)
def test_mistakes_are_one_sentence(call, tmp_path, table, words, message):
    outcome = call("remedies", "t.csv", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_smote_without_its_package_is_one_sentence(call, table, monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    monkeypatch.setattr("jaxopt_lab.labs.imbalance.remedied.sweep", None)  # nothing is trained before that
    words = ("t.csv", "--label", "y", "--drop", f"{OTHERS},town,state", "--smote")
    outcome = call("remedies", *words)
    assert outcome.status == 2
    assert '--smote: "SMOTE" needs imbalanced-learn: pip install "jaxopt-lab[imbalance]"' in outcome.err

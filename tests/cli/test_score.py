"""``jaxopt-lab score``."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

FEW = ("--resamples", "200")


@pytest.fixture
def table(tmp_path):
    draws = np.random.default_rng(0)
    truth = np.repeat([0, 1], [80, 20])
    kind = np.array(["a", "b", "c"])[draws.integers(3, size=100)]
    table = pd.DataFrame({"y": truth, "sick": np.where(truth, "ill", "well"), "kind": kind})
    table["p"], table["q"] = draws.beta(1 + 2 * truth, 4).round(3), draws.beta(1 + truth, 4).round(3)
    table["logit"] = np.log((table.p + 1e-3) / (1.001 - table.p))
    prob = draws.dirichlet(np.ones(3), size=100).round(4)
    table["s_c"], table["s_a"], table["s_b"] = prob.T
    table["guess"] = np.array(["c", "a", "b"])[prob.argmax(axis=1)]
    table["hole"] = table.p.where(table.index != 6)
    table["one"] = 1
    table.to_csv(tmp_path / "t.csv", index=False)
    return table


def test_one_score_prints_a_report_and_draws_it(call, tmp_path, table):
    outcome = call("score", "t.csv", "--label", "y", "--score", "p", "--threshold", "0.3", *FEW)
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("t.csv: 100 rows, 80 of class 0, 20 of class 1\n")
    rows = {line[2:44].strip(): line[44:].split() for line in outcome.out.splitlines() if line.startswith("  ")}
    assert float(rows["ROC AUC"][0]) == pytest.approx(roc_auc_score(table.y, table.p), abs=5e-5)
    assert float(rows["F1"][0]) == pytest.approx(f1_score(table.y, table.p >= 0.3), abs=5e-5)
    assert rows["recall"][-1] == "Wilson"
    assert outcome.out.count("in use") == 1
    assert outcome.out.endswith("saved: score.png\n")
    assert (tmp_path / "score.png").read_bytes().startswith(b"\x89PNG")
    assert "exists already" in call("score", "t.csv", "--label", "y", "--score", "p").err


def test_json_says_the_same_and_draws_nothing(call, tmp_path, table):
    words = ("--label", "sick", "--positive", "ill", "--score", "p", "--compare", "q", "--threshold", "1", "--json")
    outcome = call("score", "t.csv", *words, *FEW)
    assert outcome.status == 0, outcome.err
    found = json.loads(outcome.out)
    area = found["differences"]["ROC AUC"]
    assert area["value"] == pytest.approx(roc_auc_score(table.y, table.p) - roc_auc_score(table.y, table.q))
    assert area["method"].startswith("DeLong, paired")
    p = found["classifiers"]["p"]
    assert p["classes"] == ["well", "ill"]
    assert p["metrics"]["precision"]["value"] is None  # nothing is called positive
    assert p["thresholds"][0]["threshold"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_folder_holds_text_numbers_and_the_page(call, tmp_path, table):
    outcome = call("score", "t.csv", "--label", "kind", "--score", "s_c,s_a,s_b", "--out", "report", *FEW)
    assert outcome.status == 0, outcome.err
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["page.png", "report.json", "report.txt"]
    found = json.loads((tmp_path / "report" / "report.json").read_text())["classifiers"]["s"]
    prob = table[["s_a", "s_b", "s_c"]].to_numpy()
    expected = roc_auc_score(table.kind, prob / prob.sum(axis=1, keepdims=True), multi_class="ovr")
    assert found["metrics"]["ROC AUC, one against the rest"]["value"] == pytest.approx(expected, abs=1e-4)
    assert (tmp_path / "report" / "report.txt").read_text() in outcome.out


def test_predicted_classes(call, table):
    outcome = call("score", "t.csv", "--label", "kind", "--predicted", "guess", "--json", *FEW)
    assert outcome.status == 0, outcome.err
    metrics = json.loads(outcome.out)["classifiers"]["guess"]["metrics"]
    assert metrics["accuracy"]["value"] == pytest.approx((table.kind == table.guess).mean())


def test_scores_that_only_rank(call, table):
    words = ("score", "t.csv", "--label", "y", "--score", "logit", *FEW)
    assert "beyond 0 and 1" in call(*words).err
    outcome = call(*words, "--ranking", "--threshold", "-1")
    assert outcome.status == 0, outcome.err
    assert "Brier" not in outcome.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--label", "z", "--score", "p"], "t.csv: has no column 'z'; it has y, sick, kind"),
        (["--label", "y"], "--score, --predicted: name the column"),
        (["--label", "y", "--score", "p", "--predicted", "guess"], "--score, --predicted: name the column"),
        (["--label", "y", "--score", "p", "--compare", "p"], "'p' is named twice"),
        (["--label", "y", "--score", "p", "--compare", "q,logit"], "--compare: got 2 columns"),
        (["--label", "y", "--score", "y"], "--label: 'y' is the truth, and named as a prediction too"),
        (["--label", "y", "--score", "p", "--seed", "-1"], "seed: got -1; pass 0 or more"),
        (["--label", "sick", "--score", "p"], "sick: has the classes 'ill', 'well'; say which one is positive"),
        (["--label", "kind", "--score", "p"], "kind: has 3 classes ('a', 'b', 'c'), and there is one score"),
        (["--label", "y", "--score", "hole"], "hole: 1 of 100 values are missing or NaN, the first in row 7"),
        (["--label", "y", "--score", "sick"], "sick: row 1 is 'well', text"),
        (["--label", "one", "--score", "p"], "one: every row is of class 1"),
        (["--label", "y", "--score", "p", "--out", "a.gif"], "--out: got a.gif"),
        (["--label", "kind", "--predicted", "guess", "--threshold", "0.3"], "--threshold: it is for one score"),
        (["--label", "kind", "--score", "p,q,logit"], "--classes: the names p, q, logit don't end in the classes"),
        (["--label", "kind", "--score", "s_a,s_b,s_c", "--classes", "a,b"], "--classes: got 2 for 3 score columns"),
        (["--label", "y", "--score", "s_a,s_b", "--classes", "0,1"], "there are two classes"),
    ],
)
def test_mistakes_are_one_sentence(call, tmp_path, table, words, message):
    outcome = call("score", "t.csv", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]

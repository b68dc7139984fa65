"""``jaxopt-lab escape``."""

import pytest
import xarray as xr

FEW = ("--starts", "400", "--steps", "120")


def test_it_prints_medians_beside_the_law_and_draws_them(call, tmp_path):
    outcome = call("escape", "saddle", "sgd,sgd_momentum", *FEW)
    assert outcome.status == 0, outcome.err
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines() if line.startswith("sgd")}
    # from N(0, (1e-3)^2) to a distance 1: log(1000 / 0.6745) / log(1.2) = 40.05, so half have left in step 41
    assert rows["sgd"][1] == "41"
    assert abs(float(rows["sgd"][0]) - 41) <= 1
    assert rows["sgd_momentum"][1] == "23"
    assert float(rows["sgd"][2]) < 1.95 / 400**0.5
    assert (tmp_path / "escape.png").read_bytes().startswith(b"\x89PNG")


def test_the_steps_themselves(call):
    words = ("double_well", "adam", "--starts", "20", "--steps", "50", "--out", "steps.nc")
    outcome = call("escape", *words)
    assert outcome.status == 0, outcome.err
    assert "none known" in outcome.out
    with xr.open_dataset("steps.nc") as saved:
        assert dict(saved.escape_step.sizes) == {"optimizer": 1, "spread": 13, "start": 20}
        assert saved.attrs["edge"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rosenbrock"], "rosenbrock lists no saddle; take problems.saddle"),
        (["saddle", "sdg"], "did you mean 'sgd'?"),
        (["saddle", "--out", "a.gif"], "end the name in .png"),
        (["saddle", "--noise", "-1"], "noises: got"),
        (["himmelblau", "--saddle", "4"], "himmelblau lists 4, counted from 0"),
    ],
)
def test_mistakes_are_one_sentence(call, words, message):
    outcome = call("escape", *words)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1

"""Every other script runs at a size that says nothing about speed, prints its table and writes its JSON."""

import importlib.util
import json

import numpy as np
import pytest

from jaxopt_lab.bench.rounds import MissingPeerError
from jaxopt_lab.engine.rewriting.kernels import are_taken

TORCH = importlib.util.find_spec("torch") is not None


@pytest.fixture
def run(script, capsys, tmp_path):
    """Call a script's main with words, as the command line does; what it wrote, and what it printed."""

    def run(name, *words):
        out = tmp_path / f"{name}.json"
        script(name).main([*words, "--out", str(out)])
        return json.loads(out.read_text()), capsys.readouterr().out

    return run


def test_every_script_says_what_it_takes(script, capsys):
    for name in script("all").SCRIPTS:
        with pytest.raises(SystemExit, match="0"):
            script(name).main(["--help"])
        assert "--out" in capsys.readouterr().out, name


@pytest.mark.long
def test_networks_are_timed_beside_peers_or_name_them(run, script):
    networks = script("networks")
    words = ("--rates", "2", "--seeds", "2", "--steps", "2", "--batch", "4", "--few", "1", "--rounds", "1")
    result, printed = run("networks", *words)
    assert result["networks"] == 4
    peers = {networks.TORCH_ONE, networks.TORCH_FUNC}
    assert result["methods"].keys() == {networks.OURS, networks.OPTAX} | (peers if TORCH else set())
    assert result["missing"].keys() == (set() if TORCH else peers)
    for name, reason in result["missing"].items():
        assert f"missing: {name} ({reason})" in printed
    assert result["methods"][networks.OURS]["ours_times_as_fast"] == 1.0


def test_networks_learn_the_same_by_every_method(script):
    """On all rows, so that nothing is drawn: the losses after three steps."""
    networks = script("networks")
    work = networks.Work(rates=2, seeds=2, steps=3, batch=None)
    expected = networks.ours(work)()
    assert expected.shape == (4,)
    assert (np.diff(expected.reshape(2, 2), axis=0) < 0).all()  # the higher rate is further
    # float32 sums over a thousand rows, in another order in each library
    np.testing.assert_allclose(networks.optax_over_all_networks(work)(), expected, rtol=1e-5)
    if not TORCH:
        with pytest.raises(MissingPeerError, match="No module named 'torch'"):
            networks.torch_func_over_all_networks(work)
        pytest.skip("torch is not here, and the benchmark says so")
    np.testing.assert_allclose(networks.torch_func_over_all_networks(work)(), expected, rtol=1e-5)
    np.testing.assert_allclose(networks.torch_one_by_one(work, 4)(), expected, rtol=1e-5)


@pytest.mark.long
def test_scaling_asks_its_three_questions(run):
    words = ("--least-lanes", "100", "--most-lanes", "1000", "--steps", "1", "--rounds", "1", "--plain")
    result, printed = run("scaling", *words)
    sizes = {
        question: [(row["lanes"], row["steps"], row["dimensions"]) for row in rows]
        for question, rows in result["questions"].items()
    }
    assert sizes["lanes"] == [(100, 1, 2), (1000, 1, 2)]
    assert sizes["steps"] == [(100, 10, 2), (100, 100, 2)]
    assert sizes["dimensions"] == [(100, 1, 2), (100, 1, 10), (100, 1, 100), (100, 1, 1000)]
    assert "over dimensions" in printed


@pytest.mark.long
def test_nine_lanes_in_ten_finish_early_and_the_last_never(run):
    """The work is what it is said to be, whatever the time."""
    result, printed = run("early_finish", "--lanes", "20000", "--steps", "500", "--rounds", "1", "--plain")
    cases = [(row["optimizer"], row["lanes"]) for row in result["cases"]]
    assert cases == [(name, lanes) for name in ("gradient descent", "Adam") for lanes in (20_000, 2000)]
    for row in result["cases"]:
        assert (row["converged_early"], row["never_converged"]) == (0.9, 0.1)
    assert "90%    10%" in printed


def test_a_sweep_is_taken_apart(run, script):
    result, printed = run("breakdown", "--lanes", "200", "--steps", "50", "--rounds", "1", "--plain")
    assert {"final", "summary", "final, of one step"} <= result["rows"].keys()
    one_pass = [result["rows"][name]["passes"] == 1 for name in ("final", "summary")]
    assert one_pass == [are_taken()] * 2
    assert "passes over the lanes a step" in printed


@pytest.mark.long
def test_networks_of_another_library_are_labelled_and_diagnosed(script, monkeypatch):
    transfer = script("transfer")
    if not TORCH:
        with pytest.raises(SystemExit, match="PyTorch is missing, which trains the networks"):
            transfer.main([])
        pytest.skip("torch is not here, and the benchmark says so")
    monkeypatch.setattr(transfer, "ROWS", (20, 40))
    monkeypatch.setattr(transfer, "ADAM_RATES", (1e-4, 1e-2, 1.0))
    family = transfer.FAMILIES[-1]
    runs = transfer.as_runs([family], [transfer.train_family(family, 16)]).assign_attrs(seconds=1.0)
    assert runs.train_loss.shape == (1, 2, 2, 2, 3, 2, 17)
    assert (runs.train_loss[..., 0] == runs.batch_loss[..., 0]).all()
    result = transfer.run(runs, 8)
    assert np.sum(result["scores"]["confusion"]) == 2 * runs.seed.size
    assert family.name in transfer.report(result)


@pytest.mark.long
def test_a_first_sweep_fills_the_cache_it_is_given(script, tmp_path):
    startup = script("startup")
    startup.process(startup.SWEEP, lambda: str(tmp_path))()
    assert any(tmp_path.iterdir())


def test_startup_times_every_process(run, script, monkeypatch):
    """With nothing in them: what a process costs is not asked here."""
    startup = script("startup")
    programs = dict.fromkeys(startup.PROGRAMS, "pass")
    monkeypatch.setattr(startup, "PROGRAMS", programs)
    result, printed = run("startup", "--rounds", "1")
    assert result["methods"].keys() == programs.keys()
    assert "import jaxopt_lab takes" in printed


@pytest.mark.long
def test_metrics_are_timed_and_agree_with_scikit_learn(run, script):
    metrics = script("metrics")
    result, printed = run("metrics", "--most-samples", "300", "--rounds", "1")
    assert [row["metric"] for row in result["rows"]] == list(metrics.OF_SCORES + metrics.OF_CLASSES)
    for row in result["rows"]:
        assert row["metric"] in printed
        assert row["differs_by"]["jaxopt_lab"] < 1e-6  # scikit-learn takes some means in the scores' float32
        assert row["differs_by"]["jaxopt_lab, jit"] < 1e-6


def test_resamples_are_timed_beside_scikit_learns_loop(run, script):
    bootstrap = script("bootstrap")
    bootstrap.RESAMPLED_ROWS, bootstrap.LOOPED_ROWS = 90_000, 9_000
    bootstrap.READS = {name: bootstrap.READS[name] for name in ("roc_auc_score", "f1_score")}
    result, printed = run("bootstrap", "--most-samples", "300", "--rounds", "1")
    assert [row["metric"] for row in result["rows"]] == list(bootstrap.READS)
    for row in result["rows"]:
        assert row["metric"] in printed
        ours, theirs = row["standard_error"].values()
        # 30 resamples know a standard error to 13%; four times that.
        assert abs(theirs / ours - 1) < 0.52


def test_intervals_cover_about_as_often_as_they_say(run, script):
    """A look at a few samples; the sibling that takes long holds the coverage to its bounds."""
    coverage = script("interval_coverage")
    coverage.CASES = coverage.CASES[:1]
    result, printed = run("interval_coverage", "--simulations", "40", "--resamples", "200")
    assert [(row["what"], row["method"]) for row in result["rows"]] == list(coverage.METHODS)
    for row in result["rows"]:
        assert row["what"] in printed
        assert 0.75 < row["coverage"] <= 1
        assert row["coverage"] + row["truth_below"] + row["truth_above"] == pytest.approx(1)


@pytest.mark.long
def test_coverage_is_what_the_page_says(run, script):
    """The least of each kind in the table; 400 samples know a share of 0.9 to 0.015, three times that is let pass."""
    least = {"delong": 0.90, "percentile": 0.845, "bca": 0.855, "wilson": 0.93, "optimism": 0.90}
    result, _ = run("interval_coverage", "--simulations", "400", "--resamples", "500")
    for row in result["rows"]:
        assert row["coverage"] > least[row["method"]] - 0.045, row


@pytest.mark.long
def test_the_device_is_said(run):
    result, printed = run(
        "device", "--most-lanes", "1000", "--steps", "2", "--rounds", "1", "--copy-bytes", "65536", "--plain"
    )
    assert [row["lanes"] for row in result["rows"]] == [1000]
    assert printed.startswith("This ran on cpu: cpu.")


def test_a_table_goes_where_the_page_has_room_for_it(script, tmp_path):
    readme_table = script("readme_table")
    method = {"rate": 1900.4, "ratio_to_optax": 3.456}
    tuned = {
        "methods": {"ours": method}, "missing": {"numba": "ImportError: none"}, "lanes": 102_400, "steps": 1000,
        "rounds": 5, "machine": {"processor": "A processor", "cores": 2, "jax": "0.10.2"},
    }  # fmt: skip
    page, row = tmp_path / "README.md", {"lanes": 1000, "methods": {readme_table.FINAL: method}}
    engine = {"modes": {"tuned": tuned, "plain": {"methods": {"ours": method}}}}
    for name, result in {"engine": engine, "device": {"steps": 200, "rows": [row]}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    page.write_text(f"before\n{readme_table.BEGIN}\nold\n{readme_table.END}\nafter\n")
    words = ["--results", str(tmp_path), "--page", str(page)]
    with pytest.raises(SystemExit, match="not what"):
        readme_table.main([*words, "--check"])
    assert "old" in page.read_text()
    readme_table.main(words)
    readme_table.main([*words, "--check"])
    assert page.read_text().startswith(f"before\n{readme_table.BEGIN}\n| method |")
    assert page.read_text().endswith(f"{readme_table.END}\nafter\n")
    assert "| ours | 1,900 | 3.5 |" in page.read_text()
    assert "| numba | missing: ImportError: none | |" in page.read_text()
    assert "as fast as Optax: 3.5 at 1,000 lanes" in page.read_text()
    page.write_text("no markers")
    with pytest.raises(ValueError, match="the page needs one line"):
        readme_table.main(words)


def test_a_script_that_fails_is_named_and_the_others_run(script, tmp_path, monkeypatch):
    scripts = script("all")
    (tmp_path / "good.py").write_text("import sys; print('a table'); open(sys.argv[2], 'w').write('{}')")
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    monkeypatch.setattr(scripts, "HERE", tmp_path)
    monkeypatch.setattr(scripts, "SCRIPTS", ("bad", "good"))
    with pytest.raises(SystemExit, match="failed: bad"):
        scripts.main(["--folder", str(tmp_path / "results")])
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"good.json", "good.txt"}
    assert (tmp_path / "results" / "good.txt").read_text() == "a table\n"


def test_every_script_that_measures_is_run_by_all(script):
    scripts = script("all")
    helpers = {"all", "engine_peers", "readme_table", "script"}
    assert {path.stem for path in scripts.HERE.glob("*.py")} - helpers == set(scripts.SCRIPTS)


@pytest.mark.long
def test_landscape_times_every_row_and_says_what_it_found(run):
    result, printed = run("landscape", "--resolution", "32", "--steps", "20", "--rounds", "1", "--plain")
    assert {"stability map", "basins"} <= result["rows"].keys()
    assert result["rows"]["basins"]["work"] == 32 * 32 * 40
    assert "of the cells beyond the exact boundary" in printed


@pytest.mark.long
def test_every_point_of_a_log_is_read(run):
    result, printed = run("logs", "--megabytes", "1")
    for name, row in result["rows"].items():
        assert row["points"] == row["written"] > 10_000
        assert 10**6 <= row["bytes"] < 1.001 * 10**6
        assert row["peak_bytes"] >= row["peak_bytes_before"] > 10 << 20  # no Python with pandas is smaller
        assert name in printed
    assert "target: an event file of 100 MB" in printed


def test_rounding_compares_tilings(run):
    words = ("--surfaces", "quadratic", "--tilings", "64:1:scalars", "64:1:arrays", "--plain")
    result, printed = run("rounding", "--lanes", "200", "--steps", "3", *words)
    assert result["differences"].keys() == {"quadratic"}
    assert result["differences"]["quadratic"].keys() == {"64:1:scalars", "64:1:arrays"}
    assert result["differences"]["quadratic"]["64:1:scalars"] == {"share": 0.0, "most": 0.0}
    assert "quadratic" in printed
    assert "rosenbrock" not in printed


def test_the_readmes_table_is_what_the_results_say(script):
    script("readme_table").main(["--check"])


def test_the_pages_coverage_is_what_the_results_say(script):
    coverage = script("interval_coverage")
    result = json.loads((coverage.HERE / "results" / "interval_coverage.json").read_text())
    assert coverage.markdown(result) in (coverage.HERE.parent / "docs" / "uncertainty.md").read_text()

"""What the doctor is made from and measured by: families of networks, logs, baselines, scores."""

import jax
import numpy as np
import pytest
import xarray as xr

from jaxopt_lab.curves import Diagnosis, Remedy
from jaxopt_lab.curves.vocabulary import LABELS, REMEDIES
from jaxopt_lab.labs.curves import baselines, fitting, scores, tasks
from jaxopt_lab.labs.curves.examples import Example, make_examples
from jaxopt_lab.labs.curves.families import AXES, HELD_OUT, families, held_out, members, train_families
from jaxopt_lab.labs.curves.logs import NAMES, Habits, draw_habits, logged
from jaxopt_lab.labs.curves.pictures import data_picture, family_pictures
from jaxopt_lab.labs.curves.training_runs import BATCH, HORIZON, SCHEDULES, Conditions, learning_rate, student

PLAIN = Habits(start=False, training="end", every=1, digits=7, classes=False)


FAMILY = next(each for each in families() if (each.task, each.optimizer, each.depth) == ("teacher_4", "sgd", 1))


@pytest.fixture(scope="module")
def runs():
    """A family as `train_families` gives it, with curves that were drawn and only fall."""
    draws, given, dims = np.random.default_rng(0), members(FAMILY), ("family", *AXES)
    names = (*NAMES.values(), "batch_loss", "true_loss")
    fallen = {name: -np.sort(-draws.uniform(0.5, 2, (1, *given.seed.shape, 5))) for name in names}
    return xr.Dataset(
        {name: ((*dims, "epoch"), values) for name, values in fallen.items()}
        | {name: (dims, getattr(given, name)[None]) for name in given._fields}
        | {"classes": ("family", [4]), "floor": ("family", [0.3])},
        {name: ("family", [getattr(FAMILY, name)]) for name in ("task", "optimizer", "depth")}
        | {"held_out": ("family", [""]), "epoch": np.arange(5)},
    )


def test_no_family_that_is_learnt_from_has_anything_that_is_held_out():
    parts = {
        group: [each for each in families() if held_out(each) == group] for group in ("", "task", "depth", "optimizer")
    }
    for family in parts[""]:
        for name, values in HELD_OUT.items():
            assert getattr(family, name) not in values
    assert {each.task for each in parts["task"]} == set(HELD_OUT["task"])
    assert len(families()) * np.prod([2, 2, 2, 7, 2]) >= 2000


def test_members_differ_in_one_thing_along_each_axis():
    given = members(families()[7])
    changes = {"data": {"train_rows"}, "width": {"width"}, "rate": {"learning_rate"}, "seed": {"seed"}}
    for place, axis in enumerate(AXES):
        first, last = (
            given._replace(**{n: np.take(v, at, place) for n, v in given._asdict().items()}) for at in (0, -1)
        )
        changed = {name for name in given._fields if (getattr(first, name) != getattr(last, name)).any()}
        assert changed == changes.get(axis, changed)
        assert changed <= {"weight_decay", "dropout", "input_noise"} or axis in changes
    steps = np.diff(np.log10(given.learning_rate[0, 0, 0, :, 0]))
    np.testing.assert_allclose(steps, 0.5, atol=1e-5)


@pytest.mark.parametrize("name", tasks.TASKS)
def test_tasks_are_of_one_shape_and_their_truth_is_their_own(name):
    task = tasks.load_task(name)
    assert task.train.features.shape == (tasks.TRAIN_ROWS, tasks.FEATURES)
    for part in (task.train, task.validation, task.truth):
        np.testing.assert_allclose(part.weights.sum(), 1, rtol=1e-5)
        used = part.weights > 0
        np.testing.assert_allclose(part.targets[used].sum(axis=1), 1, rtol=1e-5)
        assert (part.targets[:, task.classes :] == 0).all()
    seen = {row.tobytes() for part in (task.train, task.validation) for row in part.features[part.weights > 0]}
    assert not any(row.tobytes() in seen for row in task.truth.features[task.truth.weights > 0])
    used = task.train.weights > 0
    assert (task.wrong.argmax(1) != task.train.targets.argmax(1))[used].all()


def test_the_floor_of_a_teacher_is_its_entropy():
    truth = tasks.load_task("teacher_2").truth
    chances = truth.targets[:, 0].astype(float)
    entropy = -np.mean(chances * np.log(chances) + (1 - chances) * np.log1p(-chances))
    np.testing.assert_allclose(tasks.load_task("teacher_2").floor, entropy, rtol=1e-4)


def test_what_is_left_out_and_added_is_so_in_training_alone():
    """The loss that is optimised, on a batch of all one row, against what is measured on that row."""
    task = tasks.load_task("teacher_4")

    @jax.jit
    def losses(task, given):
        problem = student(task, given, 1)
        assert problem.init
        assert problem.evaluate
        params = problem.init(jax.random.key(0))
        return problem.loss(params, jax.random.key(1)), problem.evaluate(params)["train_loss"]

    plain = Conditions(1, 0.0, 24, 0.0, 0.0, 0.0, 0, BATCH, 0.1, 0)
    optimised, measured = losses(task, plain)
    np.testing.assert_allclose(optimised, measured, rtol=1e-5)
    for change in ({"dropout": 0.5}, {"input_noise": 0.5}, {"weight_decay": 0.1}):
        optimised, still = losses(task, plain._replace(**change))
        assert abs(optimised - measured) > 1e-3
        np.testing.assert_array_equal(still, measured)


@pytest.mark.parametrize(
    ("schedule", "last"), [("constant", 1.0), ("cosine", 0.03), ("steps", 0.01), ("warm-up", 0.03)]
)
def test_schedules_end_where_they_say(schedule, last):
    given = Conditions(8, 0.0, 4, 0.0, 0.0, 0.0, SCHEDULES.index(schedule), 4, 0.5, 0)
    for step in (HORIZON, 2 * HORIZON):
        assert float(learning_rate(given, step)) == pytest.approx(0.5 * last)
    assert float(learning_rate(given, 0)) == pytest.approx(0.05 if schedule == "warm-up" else 0.5)


@pytest.mark.long
def test_neighbours_start_from_the_same_point_and_who_diverges_harms_nobody():
    runs = train_families([FAMILY], epochs=4)
    start = runs.train_loss.isel(family=0, epoch=0, regularisation=0)
    np.testing.assert_array_equal(start.isel(rate=0).broadcast_like(start).transpose(*start.dims), start)
    assert (start.isel(seed=0) != start.isel(seed=1)).all()
    assert np.isfinite(runs.train_loss.isel(rate=slice(0, 3))).all()
    assert (runs.true_loss >= runs.floor - 1e-5).where(np.isfinite(runs.true_loss), True).all()
    moved = np.abs(runs.train_loss.isel(epoch=-1) - runs.train_loss.isel(epoch=0)).mean(["width", "data", "seed"])
    assert (moved.isel(rate=0) < moved.isel(rate=3)).all()


def test_every_network_is_an_example_with_its_own_curves(runs):
    examples = make_examples(runs, lengths=(2,))
    assert len(examples) == 112
    where = {"data": 1, "width": 0, "regularisation": 1, "rate": 5, "seed": 1}
    place = int(np.ravel_multi_index(tuple(where.values()), (2, 2, 2, 7, 2)))
    np.testing.assert_array_equal(examples[place].run["train_loss"], runs.train_loss.isel(family=0, **where))
    assert examples[place].run["learning_rate"] == pytest.approx(float(runs.learning_rate.isel(family=0, **where)))
    assert {example.task for example in examples} == {"teacher_4"}


def test_families_as_pictures(runs):
    rates, alone = family_pictures(runs, 0, 2)
    over_rows = data_picture(runs, "teacher_4", 2)
    _, *panels = rates.figure.axes
    assert len(panels) == 7
    titles = [ax.get_title("left") for ax in panels]
    assert titles[0].startswith(f"{float(runs.learning_rate.min()):.2g}: ")
    best = next(line for line in alone.figure.axes[0].lines if line.get_label() == "lowest")
    finite = runs.train_loss.isel(family=0, epoch=2, rate=0).min()
    assert np.asarray(best.get_ydata())[0] == pytest.approx(float(finite))
    line = next(line for line in over_rows.figure.axes[0].lines if line.get_label() == "training")
    assert np.asarray(line.get_xdata()).tolist() == np.unique(runs.train_rows).tolist()
    floor = next(line for line in over_rows.figure.axes[0].lines if line.get_label() == "lowest possible")
    assert np.asarray(floor.get_ydata())[0] == pytest.approx(float(runs.floor[0]))


def run_of(loss, batch=None):
    values = np.asarray(loss, float)
    return dict.fromkeys(NAMES.values(), values) | {
        "batch_loss": values if batch is None else np.asarray(batch, float), "classes": 4, "learning_rate": 0.1,
    }  # fmt: skip


def test_habits_change_how_a_run_is_logged_and_not_which():
    run = run_of([4.0, 2.0, 1.0, 0.5, 0.25])
    assert logged(run, 4, PLAIN)["train_loss"].tolist() == [2.0, 1.0, 0.5, 0.25]
    assert logged(run, 4, PLAIN._replace(start=True))["val_loss"].tolist() == [4.0, 2.0, 1.0, 0.5, 0.25]
    assert logged(run, 4, PLAIN._replace(training="mean"))["train_loss"].tolist() == [3.0, 1.5, 0.75, 0.375]
    coarse = logged(run, 4, PLAIN._replace(training="mean", every=2))
    assert coarse["train_loss"].tolist() == [2.25, 0.5625]
    assert coarse["val_loss"].tolist() == [1.0, 0.25]
    assert logged(run_of([1.23456] * 3), 2, PLAIN._replace(digits=3))["train_loss"].tolist() == [1.23, 1.23]
    assert logged(run, 4, PLAIN, share=0.5)["val_accuracy"].tolist() == [2.0, 1.0]
    assert "num_classes" not in logged(run, 4, PLAIN)
    assert logged(run, 4, PLAIN._replace(classes=True))["num_classes"] == 4


def test_a_smoothed_loss_stays_in_range_and_ends_with_the_run():
    log = logged(run_of(np.ones(6), batch=[9, 1, 3, 1, np.nan, 1]), 5, PLAIN._replace(training="batch"))
    assert log["train_loss"][0] == 1
    # of 1 and 3 with weights 0.6 and 1
    assert log["train_loss"][1] == pytest.approx((0.6 * 1 + 3) / 1.6)
    assert np.isnan(log["train_loss"][3:]).all()


def test_drawn_habits_leave_points_enough():
    draws = np.random.default_rng(0)
    assert {draw_habits(draws, 10).every for _ in range(50)} == {1}
    assert {draw_habits(draws, 40).every for _ in range(50)} == {1, 2, 4}


@pytest.mark.parametrize(
    ("rule", "log", "said"),
    [
        (baselines.prechelt, {"val_loss": [1.0, 0.5, 0.52]}, "good"),
        (baselines.prechelt, {"val_loss": [1.0, 0.5, 0.53]}, "overfitting"),
        (baselines.prechelt, {"val_loss": [1.0, np.nan]}, "diverged"),
        (baselines.prechelt, {"train_loss": [1.0]}, "inconclusive"),
        (baselines.autotrainer, {"train_loss": [1.0, np.inf]}, "diverged"),
        (baselines.autotrainer, {"train_accuracy": [0.5, 0.505, 0.51]}, "learning_rate_too_low"),
        (baselines.autotrainer, {"train_accuracy": [0.2, 0.5, 0.3, 0.5, 0.3, 0.5]}, "learning_rate_too_high"),
        (baselines.autotrainer, {"train_accuracy": [0.2, 0.4, 0.6, 0.7]}, "good"),
        (baselines.umlaut, {"train_loss": [1.0, np.nan]}, "diverged"),
        (baselines.umlaut, {"learning_rate": 0.1}, "learning_rate_too_high"),
        (baselines.umlaut, {"learning_rate": 1e-8}, "learning_rate_too_low"),
        (baselines.umlaut, {"train_loss": [1.0, 1.1], "val_loss": [1.0, 1.2], "learning_rate": 1e-3}, "good"),
    ],
)  # fmt: skip
def test_published_rules_by_hand(rule, log, said):
    assert rule(log) == said


def test_scores_agree_with_scikit_learn():
    from sklearn.metrics import f1_score

    draws = np.random.default_rng(0)
    label = draws.integers(0, 6, 300)
    said = np.where(draws.random(300) < 0.6, label, draws.integers(0, 7, 300))
    expected = f1_score(label, said, labels=range(6), average="macro")
    assert scores.macro_f1(label, said) == pytest.approx(expected)
    assert scores.macro_f1(label, np.full(300, LABELS.index("inconclusive"))) == 0


def test_calibration_error_by_hand():
    chances = np.array([[0.9, 0.1]] * 10 + [[0.4, 0.6]] * 10)
    label = np.array([0] * 8 + [1] * 2 + [1] * 6 + [0] * 4)
    assert scores.calibration_error(chances, label, np.ones(20)) == pytest.approx(0.05)  # 0.9 of which 0.8 are right


def example(label, closed=None, family=0):
    values = np.full(len(REMEDIES), np.nan) if closed is None else np.asarray(closed, float)
    return Example(
        run_of([2.0, 1.0, 0.5]), 2, PLAIN, LABELS.index(label), values, values > 0.1, family, "made up", "task"
    )


def test_a_doctor_who_is_always_right_scores_1_and_regrets_nothing():
    closed = np.linspace(-1, 1, len(REMEDIES))
    some = [example(label, closed, family) for family in range(3) for label in LABELS]
    best = list(REMEDIES)[-1]
    answers = iter(range(10**6))

    def doctor(log):
        label = some[next(answers) % len(some)].label
        chances = dict.fromkeys(LABELS, 0.0) | {LABELS[label]: 1.0}
        return Diagnosis(LABELS[label], chances, (), (Remedy(best, "", 1.0, 1.0, 1),), ())

    found = scores.score(some, doctor)
    row = found["groups"]["everything held out"]
    assert (row["macro_f1"], row["interval"], row["false_alarms"], row["calibration_error"]) == (1, [1, 1], 0, 0)
    assert found["remedies"]["the doctor's first"] == {"runs": 15, "helped": 1.0, "mean_closed": 1.0, "regret": 0.0}
    assert found["remedies"]["divide the rate by 3, always"]["regret"] == 1.778  # the second of ten closes -7/9
    assert found["baselines"]["always good"]["recall"]["good"] == 1
    assert np.trace(found["confusion"]) == len(some)
    assert all(step["accuracy"] == 1 for step in found["coverage"])


def test_what_helped_counts_only_what_was_tried():
    tried = [np.nan] * len(REMEDIES)
    table = fitting.what_helped([
        example("good"), example("overfitting", [0.5, *tried[1:]]), example("overfitting", [0.0, *tried[1:]])
    ])  # fmt: skip
    first, second = list(REMEDIES)[:2]
    assert table["overfitting"][first] == {"helped": 0.5, "closed": 0.25, "tried": 2}
    assert table["overfitting"][second]["tried"] == table["good"][first]["tried"] == 0

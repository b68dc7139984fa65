"""Pictures of training curves hold what they were given."""

import numpy as np
import pytest

from jaxopt_lab.plots import figure_of, new_figure, style, training

SEEDS, EPOCHS = 3, 5


def made_up(seed=0):
    draws = np.random.default_rng(seed)
    names = ["train_loss", "validation_loss", "train_accuracy", "validation_accuracy"]
    curves = {name: draws.uniform(0.1, 1.0, (SEEDS, EPOCHS)) for name in names}
    return curves | {"epoch": np.arange(EPOCHS), "best_epoch": curves["validation_loss"].argmin(axis=1)}


@pytest.mark.parametrize(("draw", "metric"), [(training.loss_curves, "loss"), (training.accuracy_curves, "accuracy")])
def test_lines_are_the_medians_over_all_seeds(draw, metric):
    curves, ax = made_up(), style.new_figure()[1]
    lines = draw(curves, guessing=0.5, ax=ax)
    for line, part in zip(lines, ("train", "validation"), strict=False):
        assert line.axes is ax
        assert line.get_label() == part
        np.testing.assert_array_equal(line.get_xdata(), curves["epoch"])
        np.testing.assert_allclose(line.get_ydata(), np.median(curves[f"{part}_{metric}"], axis=0))
        thin = [one.get_ydata() for one in ax.lines if one.get_color() == line.get_color() and one.get_alpha()]
        np.testing.assert_array_equal(thin, curves[f"{part}_{metric}"])
    assert list(lines[-1].get_ydata()) == [0.5, 0.5]
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel().startswith(metric)


def test_dots_mark_each_seeds_lowest_validation_loss():
    curves = made_up()
    dots = training.loss_curves(curves)[2]
    np.testing.assert_array_equal(dots.get_xdata(), curves["best_epoch"])
    np.testing.assert_array_equal(dots.get_ydata(), curves["validation_loss"].min(axis=1))


def test_losses_that_are_not_finite_are_drawn_without_a_warning():
    curves = made_up()
    curves["train_loss"][0, 2:] = np.nan
    curves["validation_loss"][0, 2:] = np.inf
    _, ax = new_figure()
    training.loss_curves(curves, ax=ax)
    figure_of(ax).canvas.draw()  # a warning would be an error
    drawn = np.asarray(ax.lines[0].get_ydata(), float)
    np.testing.assert_array_equal(np.isfinite(drawn), np.isfinite(curves["train_loss"][0]))


@pytest.mark.parametrize("count", [1, 3, 4])
def test_scenarios_have_a_pair_of_axes_each_on_the_same_scales(count):
    panels = {f"Scenario {place}": made_up(place) for place in range(count)}
    figure = training.scenarios(panels, guessing_loss=2.3, guessing_accuracy=0.1)
    titled = [ax for ax in figure.axes if ax.get_title("left")]
    assert [ax.get_title("left") for ax in titled] == list(panels)
    assert len(figure.axes) == 2 * count
    assert len({ax.get_ylim() for ax in titled}) == 1
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        "train", "validation", "lowest validation loss of each seed", "guessing",
    }  # fmt: skip


def test_remedies_are_pairs_of_dots():
    effects = [
        {"label": "more data", "before": [0.7, 0.72], "after": [0.8, 0.85]},
        {"label": "weight decay", "before": [0.7, 0.72], "after": [0.6, 0.74]},
    ]
    figure = training.remedies({"Overfitting": effects, "Underfitting": effects[:1]})
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["more data", "weight decay"]
    assert [np.asarray(line.get_xdata()).tolist() for line in first.lines] == [
        e[w] for e in effects for w in ("before", "after")
    ]
    assert second.get_title("left") == "Underfitting"
    assert second.get_xlabel() == "test accuracy"
    assert first.get_ylim()[0] > first.get_ylim()[1]  # the first remedy is at the top

"""New figures: where the backend is a notebook's, and where there are many."""

import matplotlib.pyplot as plt
import pytest

from jaxopt_lab.plots import new_figure


@pytest.mark.parametrize("interactive", [False, True])
def test_what_a_backend_switches_on_with_the_first_figure_stays_on(monkeypatch, interactive):
    """Else only the first picture of a notebook would be shown."""
    make = plt.subplots
    before = plt.isinteractive()

    def with_backend(*args, **kwargs):
        (plt.ion if interactive else plt.ioff)()
        return make(*args, **kwargs)

    monkeypatch.setattr(plt, "subplots", with_backend)
    new_figure()
    after = plt.isinteractive()
    (plt.ion if before else plt.ioff)()
    assert after == interactive


def test_a_report_may_hold_more_figures_than_matplotlib_warns_of():
    for _ in range(22):
        new_figure()

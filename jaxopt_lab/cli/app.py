"""The commands of ``jaxopt-lab``."""

import cyclopts

from jaxopt_lab import __version__
from jaxopt_lab.cli.basins import basins
from jaxopt_lab.cli.bench import bench
from jaxopt_lab.cli.bifurcation import bifurcation
from jaxopt_lab.cli.catalogue import list_names
from jaxopt_lab.cli.critical_points import critical_points
from jaxopt_lab.cli.demo import demo
from jaxopt_lab.cli.diagnose import diagnose
from jaxopt_lab.cli.escape import escape
from jaxopt_lab.cli.fractal import fractal
from jaxopt_lab.cli.map import stability_map
from jaxopt_lab.cli.plot import plot
from jaxopt_lab.cli.remedies import remedies
from jaxopt_lab.cli.score import score
from jaxopt_lab.cli.sweep import sweep

app = cyclopts.App(
    name="jaxopt-lab",
    help="A laboratory for optimiser dynamics: sweeps of optimiser trajectories, compiled and labelled.",
    version=__version__,
    suppress_keyboard_interrupt=False,  # main says what is left
)
app.command(demo)
app.command(sweep)
app.command(plot)
app.command(stability_map, name="map")
app.command(basins)
app.command(fractal)
app.command(critical_points)
app.command(escape)
app.command(bifurcation)
app.command(diagnose)
app.command(score)
app.command(remedies)
app.command(bench)
app.command(list_names, name="list")

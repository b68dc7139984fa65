"""Pictures, by matplotlib alone. Every function takes ``ax=`` and returns what it drew; none computes a result."""

from jaxopt_lab.plots.animation import film_paths, write_gif, write_html
from jaxopt_lab.plots.basins import basin_map
from jaxopt_lab.plots.calibration import calibration
from jaxopt_lab.plots.contours import contours, grid_points
from jaxopt_lab.plots.critical_points import critical_points, index_over_height, index_over_loss
from jaxopt_lab.plots.curvature import sharpness, spectral_density
from jaxopt_lab.plots.diagnosis import diagnosed_curves, diagnosis, mark_findings
from jaxopt_lab.plots.displays import (
    CalibrationDisplay,
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
)
from jaxopt_lab.plots.dynamics import bifurcation_diagram, lyapunov_exponents, trusted_curve
from jaxopt_lab.plots.escape import escape_histogram, escape_medians
from jaxopt_lab.plots.film import film
from jaxopt_lab.plots.gallery import gallery
from jaxopt_lab.plots.maps import fractal_map, stability_map
from jaxopt_lab.plots.paths import decay, paths, shares
from jaxopt_lab.plots.predictions import binary_page, classes_page
from jaxopt_lab.plots.remedies import loss_by_frequency, remedies
from jaxopt_lab.plots.slices import line_slice, plane_slice
from jaxopt_lab.plots.style import axes_or_new, figure_of, new_figure
from jaxopt_lab.plots.surfaces import surface
from jaxopt_lab.plots.sweeps import heat_map, quantile_bands
from jaxopt_lab.plots.thresholds import film_thresholds
from jaxopt_lab.plots.training import accuracy_curves, loss_curves, scenarios
from jaxopt_lab.plots.training_sweeps import isolation, learning_curve, rate_sweep

__all__ = [
    "CalibrationDisplay",
    "ConfusionMatrixDisplay",
    "PrecisionRecallDisplay",
    "RocCurveDisplay",
    "accuracy_curves",
    "axes_or_new",
    "basin_map",
    "bifurcation_diagram",
    "binary_page",
    "calibration",
    "classes_page",
    "contours",
    "critical_points",
    "decay",
    "diagnosed_curves",
    "diagnosis",
    "escape_histogram",
    "escape_medians",
    "figure_of",
    "film",
    "film_paths",
    "film_thresholds",
    "fractal_map",
    "gallery",
    "grid_points",
    "heat_map",
    "index_over_height",
    "index_over_loss",
    "isolation",
    "learning_curve",
    "line_slice",
    "loss_by_frequency",
    "loss_curves",
    "lyapunov_exponents",
    "mark_findings",
    "new_figure",
    "paths",
    "plane_slice",
    "quantile_bands",
    "rate_sweep",
    "remedies",
    "scenarios",
    "shares",
    "sharpness",
    "spectral_density",
    "stability_map",
    "surface",
    "trusted_curve",
    "write_gif",
    "write_html",
]

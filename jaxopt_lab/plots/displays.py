"""Display objects in scikit-learn's manner: computed once, drawn as often as one likes, each with its uncertainty.

``from_predictions`` asks `jaxopt_lab.evaluation` for the numbers and draws them; ``plot`` draws numbers that are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jaxopt_lab import evaluation, metrics
from jaxopt_lab.evaluation import Band, CalibrationBins, Resampling
from jaxopt_lab.evaluation.checks import classes_of, labels_of
from jaxopt_lab.plots import scores
from jaxopt_lab.plots.calibration import calibration
from jaxopt_lab.plots.style import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D


class _Drawn:
    """What a display knows after it was drawn."""

    ax_: "Axes"
    figure_: "Figure"

    def _on(self, ax: Any) -> None:  # to matplotlib's types an artist's axes may be None
        self.ax_, self.figure_ = ax, figure_of(ax)


@dataclass(eq=False)
class RocCurveDisplay(_Drawn):
    """A ROC curve with its pointwise band.

    Attributes:
        band: the curve, its area and its band.
        name: of the classifier, for the legend.
        line_: the curve as it was drawn last.
        ax_: where.
        figure_: the figure of these axes.

    Example:
        >>> display = RocCurveDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], name="model")
        >>> display.roc_auc, display.line_.get_label()
        (0.75, 'model (AUC = 0.750)')
        >>> again = RocCurveDisplay(display.band, "the same").plot(ax=display.ax_)
        >>> again.ax_ is display.ax_
        True
    """

    band: Band
    name: str = "classifier"
    line_: "Line2D" = field(init=False, repr=False)

    @property
    def fpr(self) -> Any:
        """False positive rates, shape ``(points,)``."""
        return self.band.x

    @property
    def tpr(self) -> Any:
        """True positive rates, shape ``(points,)``."""
        return self.band.y

    @property
    def roc_auc(self) -> float:
        """The area under the curve."""
        return self.band.area

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        pos_label: Any = None,
        name: str = "classifier",
        how: Resampling | None = None,
        ax: "Axes | None" = None,
    ) -> "RocCurveDisplay":
        """Measure and draw.

        Args:
            y_true: labels of two classes, shape ``(n,)``.
            y_score: the higher, the likelier positive, shape ``(n,)``.
            pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
            name: of the classifier.
            how: of the band: confidence, resamples and seed.
            ax: where to draw; None for a new figure.

        Raises:
            ValueError: as `evaluation.roc_band`.
        """
        return cls(evaluation.roc_band(y_true, y_score, pos_label=pos_label, how=how), name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "RocCurveDisplay":
        """Draw the curve on axes, beside those that are there already; None for a new figure."""
        label = f"{self.name} (AUC = {self.roc_auc:.3f})"
        (self.line_,) = scores.roc({label: (self.fpr, self.tpr)}, bands={label: self.band[2:5]}, ax=ax)
        self._on(self.line_.axes)
        return self


@dataclass(eq=False)
class PrecisionRecallDisplay(_Drawn):
    """A precision-recall curve with its pointwise band.

    Attributes:
        band: the curve, its average precision and its band.
        name: of the classifier, for the legend.
        line_: the curve as it was drawn last.
        ax_: where.
        figure_: the figure of these axes.

    Example:
        >>> display = PrecisionRecallDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> display.line_.get_label(), display.prevalence_pos_label
        ('classifier (AP = 0.833)', 0.5)
    """

    band: Band
    name: str = "classifier"
    line_: "Line2D" = field(init=False, repr=False)

    @property
    def precision(self) -> Any:
        """Shape ``(points,)``."""
        return self.band.y

    @property
    def recall(self) -> Any:
        """Decreasing, shape ``(points,)``."""
        return self.band.x

    @property
    def average_precision(self) -> float:
        """The mean precision over recall."""
        return self.band.area

    @property
    def prevalence_pos_label(self) -> float:
        """The share of positives, the precision where all are called positive, at which the curve begins."""
        return float(self.band.y[0])

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        pos_label: Any = None,
        name: str = "classifier",
        how: Resampling | None = None,
        ax: "Axes | None" = None,
    ) -> "PrecisionRecallDisplay":
        """Measure and draw; the arguments are those of `RocCurveDisplay.from_predictions`."""
        return cls(evaluation.precision_recall_band(y_true, y_score, pos_label=pos_label, how=how), name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "PrecisionRecallDisplay":
        """Draw the curve on axes, beside those that are there already; None for a new figure."""
        label = f"{self.name} (AP = {self.average_precision:.3f})"
        (self.line_,) = scores.precision_recall(
            {label: (self.recall, self.precision)},
            chance=self.prevalence_pos_label,
            bands={label: self.band[2:5]},
            ax=ax,
        )
        self._on(self.line_.axes)
        return self


@dataclass(eq=False)
class CalibrationDisplay(_Drawn):
    """What happened over what was predicted, with Wilson's intervals.

    Attributes:
        bins: rows of similar prediction.
        name: of the classifier, for the legend.
        bars_: the points and their intervals as they were drawn last.
        ax_: where.
        figure_: the figure of these axes.

    Example:
        >>> display = CalibrationDisplay.from_predictions([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], n_bins=2)
        >>> display.prob_pred, display.prob_true
        (array([0.2, 0.8]), array([0.333, 0.667]))
    """

    bins: CalibrationBins
    name: str = "classifier"
    bars_: "ErrorbarContainer" = field(init=False, repr=False)

    @property
    def prob_pred(self) -> Any:
        """The mean prediction of each bin."""
        return self.bins.predicted

    @property
    def prob_true(self) -> Any:
        """The share of positives in each bin."""
        return self.bins.observed.value

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        pos_label: Any = None,
        n_bins: int = 10,
        confidence: float = 0.95,
        name: str = "classifier",
        ax: "Axes | None" = None,
    ) -> "CalibrationDisplay":
        """Measure and draw.

        Args:
            y_true: labels of two classes, shape ``(n,)``.
            y_prob: probability of the positive class, shape ``(n,)``.
            pos_label: the positive class; by default 1, if the labels are of {0, 1} or {-1, 1}.
            n_bins: how many bins, of equally many rows.
            confidence: of the intervals.
            name: of the classifier.
            ax: where to draw; None for a new figure.

        Raises:
            ValueError: as `evaluation.calibration_bins`.
        """
        bins = evaluation.calibration_bins(y_true, y_prob, pos_label=pos_label, n_bins=n_bins, confidence=confidence)
        return cls(bins, name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "CalibrationDisplay":
        """Draw the points on axes, beside those that are there already; None for a new figure."""
        (self.bars_,) = calibration(
            {self.name: (self.prob_pred, self.prob_true)}, {self.name: self.bins.observed[1:]}, ax=ax
        )
        self._on(self.bars_.lines[0].axes)
        return self


@dataclass(eq=False)
class ConfusionMatrixDisplay(_Drawn):
    """A confusion matrix with its counts written in.

    Attributes:
        confusion_matrix: shape ``(k, k)``.
        display_labels: a name for each class.
        im_: the image as it was drawn last.
        ax_: where.
        figure_: the figure of these axes.

    Example:
        >>> display = ConfusionMatrixDisplay.from_predictions(["cat", "dog", "dog"], ["cat", "dog", "cat"])
        >>> display.confusion_matrix, display.display_labels
        (array([[1, 0], [1, 1]]), ('cat', 'dog'))
    """

    confusion_matrix: Any
    display_labels: Sequence[str]
    im_: "AxesImage" = field(init=False, repr=False)

    @classmethod
    def from_predictions(cls, y_true: Any, y_pred: Any, *, ax: "Axes | None" = None) -> "ConfusionMatrixDisplay":
        """Count and draw.

        Args:
            y_true: labels, shape ``(n,)``.
            y_pred: predicted labels, shape ``(n,)``.
            ax: where to draw; None for a new figure.

        Raises:
            ValueError: if lengths differ, or there are not 2 to 50 classes.
        """
        true, called = labels_of(y_true, "y_true"), labels_of(y_pred, "y_pred")
        classes = classes_of(true, called)
        matrix = metrics.confusion_matrix(true, called, labels=classes)
        return cls(matrix, tuple(map(str, classes))).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> "ConfusionMatrixDisplay":
        """Draw the matrix on axes; None for a new figure."""
        self.im_ = scores.confusion_map(self.confusion_matrix, self.display_labels, ax=ax)
        self._on(self.im_.axes)
        return self

"""What the caller passed, checked as far as it can be seen, in a shape that the formulas can use.

Shapes are checked always. Values are checked outside a trace only: inside one they are not known.
"""

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import Array, accumulator, is_floating, is_traced, namespace


def as_array(values: Array, name: str) -> Array:
    """A traced array as it is, anything else on the host."""
    if is_traced(values):
        return values
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of different lengths; pass an array") from error
    if array.dtype.kind == "c":
        raise ValueError(f"{name}: got complex numbers; pass real ones")
    return array


def as_vector(values: Array, name: str) -> Array:
    """An array of shape ``(n,)``; one column counts as a vector."""
    array = as_array(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name}: got an array of shape {array.shape}; pass one value per sample, shape (n,)")
    if array.shape[0] == 0:
        raise ValueError(f"{name}: got no samples; pass at least one")
    return array


def check_finite(array: Array, name: str) -> None:
    """Refuse NaN and infinity in a concrete array of floating-point numbers."""
    if is_traced(array) or not jnp.issubdtype(array.dtype, jnp.floating):
        return
    if np.isnan(array).any():
        raise ValueError(f"{name}: contains NaN; remove or impute these samples")
    if np.isinf(array).any():
        raise ValueError(f"{name}: contains infinity; remove or clip these samples")


def check_lengths(**arrays: Array | None) -> None:
    """Refuse arrays whose first axes differ; None is left out."""
    lengths = {name: array.shape[0] for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"inconsistent numbers of samples: {listed}; pass one entry per sample in each")


def as_scores(values: Array, name: str = "y_score") -> Array:
    """Scores, shape ``(n,)``: real and finite numbers."""
    return _numbers(as_vector(values, name), name)


def as_score_table(values: Array, name: str = "y_score") -> Array:
    """Scores of each class, shape ``(n, k)``: real and finite numbers."""
    table = as_array(values, name)
    if table.ndim != 2:
        raise ValueError(f"{name}: got an array of shape {table.shape}; pass one column per class, shape (n, k)")
    return _numbers(table, name)


def as_weights(sample_weight: Array | None) -> Array | None:
    """Weights of the samples, shape ``(n,)``, in the dtype in which they will be summed."""
    if sample_weight is None:
        return None
    weight = as_vector(sample_weight, "sample_weight")
    weight = _numbers(weight, "sample_weight")
    if not is_traced(weight) and not weight.any():
        raise ValueError("sample_weight: every weight is zero; pass at least one that is not")
    xp = namespace(weight)
    if not is_traced(weight) and not is_floating(weight) and weight.size * float(abs(weight).max()) >= 2**63:
        return weight.astype(float)  # their sums may outgrow whole numbers
    return weight.astype(accumulator(xp, weight))


def check_option(name: str, value: Any, options: tuple[Any, ...]) -> None:
    """Refuse a value that is not among the options."""
    if not any(value is option or (isinstance(value, str) and value == option) for option in options):
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{name}: got {value!r}; pass one of {listed}")


def warn_undefined(message: str) -> None:
    """Warn in scikit-learn's own class, so that a filter written for scikit-learn still works."""
    # Imported here because scikit-learn takes longer to import than everything else together.
    from sklearn.exceptions import UndefinedMetricWarning

    warnings.warn(message, UndefinedMetricWarning, stacklevel=3)


def _numbers(array: Array, name: str) -> Array:
    if not is_traced(array):
        if array.dtype.kind in "OUS":
            try:
                array = array.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name}: got {array.dtype} values that are not numbers; pass numbers") from error
        check_finite(array, name)
    return array

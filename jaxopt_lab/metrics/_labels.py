"""Class labels: which there are, and each sample's place among them.

Outside a trace labels may be integers, integral floats, booleans or text, and the set of classes is read from the data.
Inside a trace the values are not known, so a set of classes has to be given, once, as a static list.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxopt_lab.metrics._arrays import Array, is_traced, namespace
from jaxopt_lab.metrics._inputs import as_array, as_vector, check_finite, check_lengths


def as_labels(values: Array, name: str) -> Array:
    """Labels of the samples, shape ``(n,)``."""
    array = as_array(values, name)
    if array.ndim == 2 and array.shape[1] > 1:
        raise ValueError(
            f"{name}: got multilabel targets of shape {array.shape}; pass one label per sample, shape (n,)"
        )
    array = as_vector(array, name)
    if is_traced(array):
        return array
    if array.dtype.kind == "O":
        if not all(isinstance(label, str) for label in array):
            raise ValueError(f"{name}: got objects of unknown type; pass integers, booleans or text")
        array = array.astype(str)
    if array.dtype.kind == "S":
        raise TypeError(f"{name}: got bytes; pass text or integers")
    check_finite(array, name)
    if jnp.issubdtype(array.dtype, jnp.floating) and (array != np.round(array)).any():
        raise ValueError(f"{name}: got continuous values, not a mix of classes; pass labels (threshold scores first)")
    return array


def as_indicators(array: Array) -> Array:
    """Which classes each sample has, shape ``(n, k)``, from zeros and ones."""
    if not is_traced(array) and not np.isin(array, (0, 1)).all():
        raise ValueError("y_true: got a table of other values than 0 and 1; pass one label per sample, or indicators")
    return array == 1


def as_label_pair(y_true: Array, y_pred: Array, names: tuple[str, str] = ("y_true", "y_pred")) -> tuple[Array, Array]:
    """True and predicted labels, each of shape ``(n,)``, of one kind."""
    pair = as_labels(y_true, names[0]), as_labels(y_pred, names[1])
    check_lengths(**dict(zip(names, pair, strict=True)))
    kinds = [array.dtype.kind == "U" for array in pair]
    if kinds[0] != kinds[1]:
        raise ValueError(f"{names[0]}, {names[1]}: mix of text and number labels; pass both in one kind")
    return pair


def classes_of(*arrays: Array) -> np.ndarray:
    """The labels that occur, sorted."""
    return np.unique(np.concatenate([_labels_of(array) for array in arrays]))


def _labels_of(array: np.ndarray) -> np.ndarray:
    """As `np.unique`; whole numbers close together are counted, not sorted, which is ten times as fast."""
    if array.dtype.kind not in "iu" or array.size == 0:
        return np.unique(array)
    lowest = array.min()
    if int(array.max()) - int(lowest) > array.size:
        return np.unique(array)
    # Differences are right even where unsigned numbers wrap around.
    offset = np.subtract(array, lowest, dtype=np.int64, casting="unsafe")
    return np.flatnonzero(np.bincount(offset)).astype(array.dtype) + lowest


def label_set(labels: Any, *arrays: Array, metric: str) -> np.ndarray:
    """The classes: those given, else those that occur, else, for traced booleans, both.

    Raises:
        ValueError: if they are not given and the arrays are traced, or if they are traced themselves.
    """
    if labels is not None:
        return static_labels(labels)
    if not is_traced(*arrays):
        return classes_of(*arrays)
    if all(array.dtype == bool for array in arrays):
        return np.array([False, True])
    raise ValueError(
        f"labels: {metric} can't read the set of classes from arrays traced by jit or vmap; pass labels=, the static "
        "list of all classes, such as labels=(0, 1)"
    )


def static_labels(labels: Any) -> np.ndarray:
    """The classes as the caller listed them, in that order."""
    if is_traced(labels):
        raise ValueError("labels: got a traced array; pass a static list, tuple or NumPy array of classes")
    listed = np.asarray(labels)
    if listed.dtype.kind == "O":
        listed = listed.astype(str)
    if listed.ndim != 1 or listed.size == 0:
        raise ValueError(f"labels: got an array of shape {listed.shape}; pass at least one class, shape (k,)")
    if np.unique(listed).size < listed.size:
        raise ValueError(f"labels: got {listed.tolist()}, where a class stands twice; list each once")
    return listed


def encode(array: Array, labels: np.ndarray) -> Array:
    """Each label's place in ``labels``, shape ``(n,)``; ``len(labels)`` for a label that is not among them."""
    if (array.dtype.kind == "U") != (labels.dtype.kind == "U"):
        raise ValueError(f"labels: got {labels.tolist()} for targets of the other kind; don't mix text and numbers")
    order = np.argsort(labels, kind="stable")
    ascending = labels[order]
    xp = namespace(array)
    # Comparing with all labels at once suits an accelerator; on the host bisection does.
    place = (
        np.searchsorted(ascending, array)
        if xp is np
        else jnp.searchsorted(jnp.asarray(ascending), array, method="compare_all")
    )
    place = xp.minimum(place, labels.size - 1)
    return xp.where(xp.asarray(ascending)[place] == array, xp.asarray(order)[place], labels.size)


def positives(y_true: Array, pos_label: Any) -> Array:
    """Which samples are of the positive class, shape ``(n,)``; with ``pos_label=None`` that is 1.

    Raises:
        ValueError: if ``pos_label`` is None and the labels are not of {0, 1} or {-1, 1}.
    """
    if pos_label is None:
        if not is_traced(y_true):
            _check_obvious(classes_of(y_true))
        pos_label = 1
    if y_true.dtype.kind == "U":
        return y_true == str(pos_label) if isinstance(pos_label, str) else np.zeros(y_true.shape, bool)
    if isinstance(pos_label, str):
        return namespace(y_true).zeros(y_true.shape, bool)
    return y_true == pos_label


def check_two_classes(y_true: Array, name: str = "y_true") -> None:
    """Refuse concrete targets of more than two classes."""
    if is_traced(y_true):
        return
    classes = classes_of(y_true)
    if classes.size > 2:
        raise ValueError(f"{name}: got {classes.size} classes; this metric is for two")


def _check_obvious(classes: np.ndarray) -> None:
    listed = classes.tolist()
    if listed not in ([0, 1], [-1, 1], [0], [-1], [1]):
        raise ValueError(
            f"pos_label: y_true has the labels {listed}, among which the positive one is not obvious; pass pos_label="
        )

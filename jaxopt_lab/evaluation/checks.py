"""What is asked of predictions before they are judged; each refusal says which rows and what to do."""

from typing import Any

import numpy as np

MOST_CLASSES = 50
"""A table of more is no report, and most often its labels are no classes."""


def labels_of(values: Any, name: str) -> np.ndarray:
    """Class labels, shape ``(n,)``: text, booleans or whole numbers.

    A pandas column goes by its own name in what is said about it, here and below.

    Raises:
        ValueError: if there are none, one is missing, or they are no classes.

    Example:
        >>> labels_of([0.0, 1.0], "y")
        array([0, 1])
    """
    name, array = _column(values, name)
    if array.dtype.kind == "O":
        if not all(isinstance(each, str) for each in array):
            raise ValueError(f"{name}: mixes text and numbers; write every class in one way")
        return array.astype(str)
    if array.dtype.kind == "f":
        if (array != np.round(array)).any():
            raise ValueError(f"{name}: holds {array[array != np.round(array)][0]:g}, which is no class; pass labels")
        return array.astype(int)
    if array.dtype.kind not in "biuU":
        raise ValueError(f"{name}: holds {array.dtype} values; pass text, booleans or whole numbers")
    return array


def numbers_of(values: Any, name: str) -> np.ndarray:
    """Scores, shape ``(n,)``: finite numbers.

    Raises:
        ValueError: if there are none, one is missing or infinite, or they are text.

    Example:
        >>> numbers_of([1, 2], "p")
        array([1., 2.])
    """
    name, array = _column(values, name)
    if array.dtype.kind not in "biuf":
        row, text = next(((row, each) for row, each in enumerate(array, 1) if not _is_number(each)), (1, array[0]))
        hint = ", with a point before decimals" if _is_number(str(text).replace(",", ".")) else ""
        raise ValueError(f"{name}: row {row:,} is {str(text)!r}, text; pass numbers{hint}")
    array = array.astype(float)
    if np.isinf(array).any():
        raise ValueError(f"{name}: row {_first(np.isinf(array))} is infinite; pass finite numbers")
    return array


def probabilities_of(values: Any, name: str) -> np.ndarray:
    """Scores from 0 to 1, shape ``(n,)``.

    Raises:
        ValueError: if one is beyond.

    Example:
        >>> probabilities_of([0, 0.5], "p")
        array([0. , 0.5])
    """
    name, array = name_of(values, name), numbers_of(values, name)
    beyond = (array < 0) | (array > 1)
    if beyond.any():
        raise ValueError(
            f"{name}: {beyond.sum():,} of {array.size:,} scores are beyond 0 and 1 (row {_first(beyond)}: "
            f"{array[beyond][0]:g}), so they are no probabilities; pass probabilities, or say that they only rank"
        )
    return array


def check_rows(**columns: np.ndarray | None) -> None:
    """Refuse columns of different lengths.

    Example:
        >>> check_rows(y_true=np.zeros(2), y_score=None)
    """
    lengths = {name: len(each) for name, each in columns.items() if each is not None}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"{told} rows; pass one entry for each row in each")


def two_classes(
    y_true: Any, y_score: Any, pos_label: Any = None, names: tuple[str, str] = ("y_true", "y_score")
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are positive, and their scores.

    Raises:
        ValueError: if there are not two classes, the positive one is not clear, or scores are not finite numbers.

    Example:
        >>> two_classes(["ill", "well"], [0.9, 0.2], "ill")
        (array([ True, False]), array([0.9, 0.2]))
    """
    true, scores = labels_of(y_true, names[0]), numbers_of(y_score, names[1])
    check_rows(**dict(zip(names, (true, scores), strict=True)))
    return positives_of(true, pos_label, name_of(y_true, names[0])), scores


def positives_of(true: np.ndarray, pos_label: Any, name: str) -> np.ndarray:
    """Which rows are of the positive class, of the two that there are.

    Raises:
        ValueError: if there are not two, or the positive one is not clear.

    Example:
        >>> positives_of(np.array([-1, 1]), None, "y")
        array([False,  True])
    """
    classes = np.unique(true).tolist()
    if len(classes) == 1:
        raise ValueError(f"{name}: every row is of class {classes[0]!r}; a report takes rows of both classes")
    if len(classes) > 2:
        raise ValueError(f"{name}: has {len(classes)} classes ({_some(classes)}), and there is one score; pass a score "
                         "for each class, or the predicted classes")  # fmt: skip
    if pos_label is None:
        if classes not in ([0, 1], [-1, 1]):
            raise ValueError(f"{name}: has the classes {_some(classes)}; say which one is positive")
        pos_label = 1
    chosen = [each for each in classes if str(each) == str(pos_label)] or [
        each for each in classes if each == pos_label
    ]
    if not chosen:
        raise ValueError(f"{name}: has the classes {_some(classes)}, and {pos_label!r} is not among them")
    return true == chosen[0]


def classes_of(*labels: np.ndarray, name: str = "y_true") -> np.ndarray:
    """The classes that occur, sorted, at least two.

    Raises:
        ValueError: if the true labels are of one class, or there are too many.

    Example:
        >>> classes_of(np.array(["b", "a"]), np.array(["c", "a"]))
        array(['a', 'b', 'c'], dtype='<U1')
    """
    if len({each.dtype.kind == "U" for each in labels}) > 1:
        raise ValueError(f"{name}: the true classes are text and the predicted ones numbers, or the reverse")
    if np.unique(labels[0]).size == 1:
        raise ValueError(f"{name}: every row is of class {labels[0][0].item()!r}; a report takes at least two classes")
    classes = np.unique(np.concatenate(labels))
    if classes.size > MOST_CLASSES:
        raise ValueError(
            f"{name}: there are {classes.size:,} different labels ({_some(classes.tolist())}); a report is for "
            f"{MOST_CLASSES} classes at most"
        )
    return classes


def name_of(values: Any, name: str) -> str:
    """What a column is called: by pandas, else by the argument that it was passed as.

    Example:
        >>> name_of([0, 1], "y_true")
        'y_true'
    """
    given = getattr(values, "name", None)
    return given if isinstance(given, str) else name


def _column(values: Any, name: str) -> tuple[str, np.ndarray]:
    name, array = name_of(values, name), np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name}: has the shape {array.shape}; pass one entry for each row")
    if not array.size:
        raise ValueError(f"{name}: has no rows; pass at least one of each class")
    missing = _missing(array)
    if missing.any():
        raise ValueError(
            f"{name}: {missing.sum():,} of {array.size:,} values are missing or NaN, the first in row "
            f"{_first(missing)}; fill or remove these rows yourself"
        )
    return name, array


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _missing(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind == "O":
        return np.array([each is None or each != each for each in array])
    return np.zeros(array.size, bool)


def _first(rows: np.ndarray) -> str:
    return f"{int(rows.argmax()) + 1:,}"


def _some(classes: list[Any]) -> str:
    return ", ".join(map(repr, classes[:5])) + (", ..." if len(classes) > 5 else "")

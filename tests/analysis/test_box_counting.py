"""Dimensions of sets whose dimension is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxopt_lab.analysis import boundary, box_dimension


def kronecker_power(pattern: list[list[int]], times: int) -> np.ndarray:
    """A self-similar set: each cell of the pattern that is 1 is replaced by the whole pattern, over and over."""
    cells = np.ones((1, 1), bool)
    for _ in range(times):
        cells = np.kron(cells, np.array(pattern, bool))
    return cells


CARPET = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
DUST = [[1, 0, 1], [0, 0, 0], [1, 0, 1]]  # the product of two Cantor sets
SETS = {
    "point": (np.eye(1, 256 * 256).reshape(256, 256), None, 0.0),
    "line": (np.eye(256), None, 1.0),
    "square": (np.ones((256, 256)), None, 2.0),
    "cube": (np.ones((32, 32, 32)), None, 3.0),
    "carpet": (kronecker_power(CARPET, 5), [1, 3, 9, 27, 81], 1.8927892607143724),  # log 8 / log 3, Sierpinski 1916
    "dust": (kronecker_power(DUST, 5), [1, 3, 9, 27, 81], 1.2618595071429148),  # log 4 / log 3
    "Cantor set": (kronecker_power([[1, 0, 1]], 5)[0], [1, 3, 9, 27, 81], 0.6309297535714574),  # log 2 / log 3
}


@pytest.mark.parametrize("name", SETS)
def test_dimensions_that_are_known(name):
    mask, sizes, expected = SETS[name]
    found = box_dimension(mask, sizes)
    # The boxes fit the set exactly, so that the line goes through all points.
    assert found.dimension == pytest.approx(expected, abs=1e-12)
    assert found.error == pytest.approx(0, abs=1e-12)


def test_boxes_that_do_not_fit_the_set_leave_an_error():
    """Powers of two against powers of three: five per cent off, and the error says so."""
    found = box_dimension(kronecker_power(CARPET, 5))
    assert found.dimension == pytest.approx(1.8928, abs=0.12)
    assert 0.005 < found.error < 0.05


def test_boxes_are_counted():
    mask = np.zeros((5, 7), bool)
    mask[0, 0] = mask[1, 1] = mask[4, 6] = True
    found = box_dimension(mask, [1, 2, 3, 8])
    assert found.counts.tolist() == [3, 2, 2, 1]
    assert found.sizes.tolist() == [1, 2, 3, 8]


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 0.5))
def test_a_plane_set_has_a_dimension_from_0_to_2(seed, share):
    mask = np.random.default_rng(seed).random((32, 32)) < share
    mask[0, 0] = True
    found = box_dimension(mask)
    assert -1e-9 <= found.dimension <= 2 + 1e-9
    assert box_dimension(mask.T).counts.tolist() == found.counts.tolist()
    assert (np.diff(found.counts) <= 0).all()


def test_nothing_has_no_dimension():
    assert np.isnan(box_dimension(np.zeros((64, 64))).dimension)


def test_a_border_is_one_cell_thick():
    labels = np.zeros((64, 64), int)
    labels[:, 20:] = 1
    labels[40:, 20:] = -2
    assert np.argwhere(boundary(labels)[:2]).tolist() == [[0, 19], [1, 19]]
    assert np.flatnonzero(boundary(labels)[:, 40]).tolist() == [39]
    assert not boundary(np.ones((3, 3))).any()


@pytest.mark.parametrize(
    ("mask", "sizes", "fragment"),
    [
        (np.ones((31, 99)), None, "mask: got shape (31, 99); sizes of three octaves need at least 32 cells"),
        (np.ones((64, 64)), [1, 2], "at least three different"),
        (np.ones((64, 64)), [1, 2, 2, 4], "each size once"),
        (np.ones((64, 64)), [0, 1, 2], "at least three different whole numbers"),
        (np.ones((64, 64)), [1.0, 2.0, 4.0], "whole numbers"),
    ],
)
def test_bad_input(mask, sizes, fragment):
    with pytest.raises(ValueError, match=r"^(mask|sizes): ") as caught:
        box_dimension(mask, sizes)
    assert fragment in str(caught.value)

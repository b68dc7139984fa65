"""A domain makes a plain function a problem whose starts can be drawn."""

import jax
import numpy as np
import pytest

from jaxopt_lab import problems


def bowl(w: jax.Array) -> jax.Array:
    return (w**2).sum()


def test_starts_are_drawn_all_over_the_domain():
    problem = problems.as_problem(bowl, domain=([-1, 0, 2], [1, 10, 3]))
    assert problem.init is not None
    drawn = np.asarray(jax.vmap(problem.init)(jax.random.split(jax.random.key(0), 2000)))
    # The ends of 2,000 uniform draws lie within a hundredth of the sides, but in e^-20 of all cases.
    share = (drawn - np.array([-1, 0, 2])) / np.array([2, 10, 1])
    np.testing.assert_allclose(share.min(0), 0, atol=0.01)
    np.testing.assert_allclose(share.max(0), 1, atol=0.01)
    assert ((share >= 0) & (share <= 1)).all()
    assert problem.name == "bowl"
    assert float(problem.loss(np.array([1.0, 2.0, 2.0]), None)) == 9


def test_a_problem_may_be_looked_at_elsewhere():
    elsewhere = problems.as_problem(problems.himmelblau(), domain=((0, 0), (2, 2)))
    assert elsewhere.domain is not None
    assert np.asarray(elsewhere.domain).tolist() == [[0, 0], [2, 2]]
    assert elsewhere.minima is not None


@pytest.mark.parametrize("domain", [(1, 2, 3), ((0, 0), (1, 1, 1)), ((0, 0), (1, 0)), ((0,), (np.inf,)), ("a", "b"), 3])
def test_corners_that_are_none(domain):
    with pytest.raises(ValueError, match=r"domain: got .*; give \(lower, upper\)"):
        problems.as_problem(bowl, domain=domain)

"""Surfaces, saddles and networks to minimise, each with what is known about it; ``__all__`` is the catalogue."""

from jaxopt_lab.problems import datasets, networks
from jaxopt_lab.problems.bbob.factory import bbob
from jaxopt_lab.problems.classifiers import logistic_regression, mlp
from jaxopt_lab.problems.multimodal import ackley, himmelblau, rastrigin, six_hump_camel, styblinski_tang
from jaxopt_lab.problems.problem import Problem, as_problem
from jaxopt_lab.problems.quadratics import ill_conditioned, noisy_quadratic, quadratic
from jaxopt_lab.problems.random_landscapes import gaussian_landscape
from jaxopt_lab.problems.saddles import double_well, monkey_saddle, saddle
from jaxopt_lab.problems.splits import Dataset, Split, dataset
from jaxopt_lab.problems.valleys import beale, branin, goldstein_price, rosenbrock

__all__ = [
    "Dataset",
    "Problem",
    "Split",
    "ackley",
    "as_problem",
    "bbob",
    "beale",
    "branin",
    "dataset",
    "datasets",
    "double_well",
    "gaussian_landscape",
    "goldstein_price",
    "himmelblau",
    "ill_conditioned",
    "logistic_regression",
    "mlp",
    "monkey_saddle",
    "networks",
    "noisy_quadratic",
    "quadratic",
    "rastrigin",
    "rosenbrock",
    "saddle",
    "six_hump_camel",
    "styblinski_tang",
]

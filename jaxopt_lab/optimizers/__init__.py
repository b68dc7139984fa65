"""Optimisers: Optax's own `optax.GradientTransformation`, each rule readable beside its equation.

Every Optax factory may stand wherever one of these does, and these may stand inside ``optax.chain``.
"""

from jaxopt_lab.optimizers.adaptive import adam, rmsprop
from jaxopt_lab.optimizers.gradient_descent import sgd
from jaxopt_lab.optimizers.momentum import nesterov, sgd_momentum
from jaxopt_lab.optimizers.perturbed import perturbed_gradient_descent
from jaxopt_lab.optimizers.second_order import saddle_free_newton

__all__ = [
    "adam",
    "nesterov",
    "perturbed_gradient_descent",
    "rmsprop",
    "saddle_free_newton",
    "sgd",
    "sgd_momentum",
]

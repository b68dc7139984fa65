"""Optimisers: Optax's own `GradientTransformation`, each rule readable beside its equation.

Every Optax factory may stand wherever one of these does, and these may stand inside ``optax.chain``.
"""

from jaxopt_lab.optimizers.adaptive import adam, rmsprop
from jaxopt_lab.optimizers.gradient_descent import sgd
from jaxopt_lab.optimizers.momentum import nesterov, sgd_momentum

__all__ = ["adam", "nesterov", "rmsprop", "sgd", "sgd_momentum"]

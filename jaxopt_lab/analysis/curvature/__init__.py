"""The curvature of a loss, by products with its Hessian: eigenvalues, trace, density, and sharpness on the way."""

from jaxopt_lab.analysis.curvature.along import derivatives, sharpness
from jaxopt_lab.analysis.curvature.density import SpectralDensity, spectral_density
from jaxopt_lab.analysis.curvature.extremes import Extremes, extreme_eigenvalues
from jaxopt_lab.analysis.curvature.hessian import hessian_vector_product
from jaxopt_lab.analysis.curvature.lanczos import Ritz, lanczos
from jaxopt_lab.analysis.curvature.trace import Estimate, hessian_trace

__all__ = [
    "Estimate",
    "Extremes",
    "Ritz",
    "SpectralDensity",
    "derivatives",
    "extreme_eigenvalues",
    "hessian_trace",
    "hessian_vector_product",
    "lanczos",
    "sharpness",
    "spectral_density",
]

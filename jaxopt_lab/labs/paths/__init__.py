"""The laboratory of paths: five optimisers in the seed's bowl, their exact rates, and who likes which learning rate."""

from jaxopt_lab.labs.paths.laboratory import run

__all__ = ["run"]

"""The laboratory of paths: five optimisers in the exercise's bowl, exact rates, who likes which learning rate."""

from jaxopt_lab.labs.paths.laboratory import run

__all__ = ["run"]

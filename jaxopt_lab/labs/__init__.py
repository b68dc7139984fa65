"""The four laboratories: each composes the floors below into one experiment with figures and measured answers.

``paths``, ``saddles``, ``curves`` and ``imbalance`` each have a function ``run`` that returns `Findings`.
"""

from jaxopt_lab.labs.findings import Answer, Findings, Picture, Table

__all__ = ["Answer", "Findings", "Picture", "Table"]

"""``python -m jaxopt_lab`` is ``jaxopt-lab``."""

from jaxopt_lab.cli import main

main()

"""What XLA is told of single programs leaves alone what the user told it of all."""

import pytest

from jaxopt_lab.engine.rewriting import kernels


@pytest.mark.skipif(not kernels.are_taken(), reason="this version of JAX is told nothing")
def test_vectors_are_as_wide_as_can_be_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
    assert kernels.options() == {"xla_cpu_prefer_vector_width": 512}
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false --xla_cpu_prefer_vector_width=128")
    assert kernels.options() is None

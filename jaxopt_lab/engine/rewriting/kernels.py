"""What XLA's compiler for CPUs can be told, and JAX has no words for: what is one loop, and what is one kernel.

In the language that XLA compiles, a *fusion* is a group of operations that become one loop, and a call may be marked to
become one kernel with everything it calls, where XLA would otherwise run a kernel for each fusion of each step. XLA
trusts such marks, and ends the process where it cannot follow them. So they are only made by versions that the tests of
this package have run with; everywhere else, as on other devices, the same functions simply compute.
"""

import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Primitive, jaxpr_as_fun
from jax.interpreters import mlir
from jaxlib import version
from jaxlib.mlir import ir

FIRST_TRIED, FIRST_UNTRIED = (0, 8), (0, 11)
"""The versions of jaxlib from which on, and up to which, marks are made: 0.7.1 ends on many loops over 2,000 lanes."""

_WIDTH = "xla_cpu_prefer_vector_width"

_KERNEL = {"xla_cpu_small_call": "true", "inlineable": "false"}


def are_taken() -> bool:
    """Whether XLA, in this version, is known to make one loop and one kernel of what is marked so."""
    return FIRST_TRIED <= version.__version_info__ < FIRST_UNTRIED


def options() -> dict[str, Any] | None:
    """Options of XLA for programs of such kernels on a CPU: vectors as wide as the processor has them.

    Whoever set a width in ``XLA_FLAGS`` keeps it.
    """
    return {_WIDTH: 512} if are_taken() and _WIDTH not in os.environ.get("XLA_FLAGS", "") else None


def as_one_loop(function: Callable[..., list[Any]], *operands: Any) -> list[Any]:
    """Compute a function of arrays, elementwise throughout, in one loop over their elements.

    Args:
        function: gives arrays of one shape, from arrays of that shape and from numbers. It must be called within
            `as_one_kernel`: elsewhere XLA cannot follow.
        operands: what it is given.

    Returns:
        What it gives.
    """
    # XLA stumbles over an operand that is there twice.
    once = list({id(operand): operand for operand in operands}.values())
    places = [next(i for i, each in enumerate(once) if each is operand) for operand in operands]
    return one_loop_p.bind(*once, program=jax.make_jaxpr(lambda *once: function(*(once[i] for i in places)))(*once))


def as_one_kernel(function: Callable[..., list[Any]], *operands: Any) -> list[Any]:
    """Compute a function of arrays in one kernel, loops over steps included.

    Args:
        function: gives arrays, by arithmetic and loops alone, of the operands and before them minus infinity: a number
            that XLA does not know.
        operands: what it is given.

    Returns:
        What it gives.
    """
    given = [jnp.float32(-jnp.inf), *operands]
    looked_at = _looked_at(jax.make_jaxpr(function)(*given))
    used = [each for each, wanted in zip(given, looked_at, strict=True) if wanted]

    def with_operands(*used: Any) -> list[Any]:
        rest = iter(used)
        arguments = [next(rest) if wanted else each for each, wanted in zip(given, looked_at, strict=True)]
        return [*function(*arguments), *used]

    # XLA's emitter of kernels loses its way among arguments that the kernel does not look at. So the kernel gives them
    # back as well, and a barrier keeps XLA from carrying constants into it in place of arguments.
    program = jax.make_jaxpr(with_operands)(*used)
    outputs = one_kernel_p.bind(*jax.lax.optimization_barrier(used), program=program)
    return outputs[: len(outputs) - len(used)]


def _looked_at(program: ClosedJaxpr) -> list[bool]:
    """Which arguments of a program something is computed from."""
    read = {id(atom) for equation in program.jaxpr.eqns for atom in equation.invars}
    read |= {id(atom) for atom in program.jaxpr.outvars}
    return [id(variable) in read for variable in program.jaxpr.invars]


def _compute(*operands: Any, program: ClosedJaxpr) -> list[Any]:
    return jaxpr_as_fun(program)(*operands)


def _fusion(context: Any, *operands: ir.Value, program: ClosedJaxpr) -> Any:
    from jaxlib.mlir.dialects import mhlo  # takes a tenth of a second

    kinds = [(each.shape, mlir.dtype_to_ir_type(each.dtype)) for each in context.avals_out]
    types = [ir.RankedTensorType.get(*kind) for kind in kinds]
    fusion = mhlo.FusionOp(types, operands, fusion_kind=ir.Attribute.parse("#mhlo<fusion_kind kLoop>"))
    block = fusion.regions[0].blocks.append(*[operand.type for operand in operands])
    with ir.InsertionPoint(block):
        inside = mlir.lower_fun(_compute, multiple_results=True)(context, *block.arguments, program=program)
        mhlo.ReturnOp([_only(value) for value in inside])
    return fusion.results


def _call(context: Any, *operands: ir.Value, program: ClosedJaxpr) -> Any:
    called = mlir.lower_fun(jax.jit(jaxpr_as_fun(program)), multiple_results=True)(context, *operands)
    marks: dict[str, ir.Attribute] = {name: ir.StringAttr.get(value) for name, value in _KERNEL.items()}
    _only(called[0]).owner.attributes["mhlo.frontend_attributes"] = ir.DictAttr.get(marks)
    return called


def _only(values: Any) -> Any:
    """Versions of JAX differ in whether a single one is in a sequence."""
    return values[0] if isinstance(values, list | tuple) else values


def _primitive(name: str, on_cpu: Callable[..., Any]) -> Primitive:
    primitive = Primitive(name)
    primitive.multiple_results = True
    primitive.def_impl(_compute)
    primitive.def_abstract_eval(lambda *_, program: program.out_avals)
    mlir.register_lowering(primitive, mlir.lower_fun(_compute, multiple_results=True))
    mlir.register_lowering(primitive, on_cpu, platform="cpu")
    return primitive


one_loop_p = _primitive("one_loop", _fusion)
one_kernel_p = _primitive("one_kernel", _call)

"""The one door to numba: compilation flags, and the warm-up that every process does before it works.

This is the only module that decides how kernels are compiled, and (with the store's and the broker's
doors) one of the few in which ``Any`` is allowed.

A cached kernel is never stale. numba looks only at the file in which a kernel itself stands: not at the parts that
it calls in other files, nor at the constants and layouts that it takes from there, nor at whether indices are
checked. So all of these, as one checksum, are part of the name under which a kernel is cached, and a change of any
makes a new entry; an installed package, a checkout and an image, which bakes its cache when it is built, need
nothing else. The Makefile keys its cache folders besides, so that the modes never meet.
"""

import hashlib
import importlib.resources
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

# ``_nrt=False``: no reference counting. Kernels allocate nothing, and counting the arrays of a tuple at every call of
# a private part cost seven eighths of the time (2.4 against 16.8 M readings/s).
_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_KERNELS: list[Any] = []


def _state() -> str:
    """Return a checksum of what a kernel may be made of and numba does not look at."""
    config: Any = numba.config
    checksum = hashlib.sha256(str(config.BOUNDSCHECK).encode())
    sources = {file.name: file for file in importlib.resources.files("kernels").iterdir()}
    for name in sorted(sources):
        if name.endswith(".py"):
            checksum.update(name.encode() + b"\0" + sources[name].read_bytes() + b"\0")
    return checksum.hexdigest()[:12]


_STATE = _state()


def kernel(function: F) -> F:
    """Return ``function`` compiled as a public kernel.

    The GIL is released, the machine code is cached on disk, and neither ``parallel`` nor ``fastmath`` is used:
    the first loses updates on scattered writes, the second removes NaN checks.
    """
    # The one part of the name of a cache entry that is ours to choose.
    function.__qualname__ += f"-{_STATE}"
    compiled = numba.njit(cache=True, **_FLAGS)(function)
    _KERNELS.append(compiled)
    return typing.cast("F", compiled)


def inline(function: F) -> F:
    """Return ``function`` compiled as a part of kernels, in whose cache entries it is contained."""
    return typing.cast("F", numba.njit(**_FLAGS)(function))


def inline_always(function: F) -> F:
    """Return ``function`` as ``inline`` does, and copied into its callers: for parts on the path of every reading."""
    return typing.cast("F", numba.njit(forceinline=True, **_FLAGS)(function))


@inline_always
def signed(x: float | np.integer[Any]) -> int:
    """Return ``x`` as a signed word.

    Inside a kernel ``int`` of a byte is unsigned, and so is all that is computed from it; and outside of one,
    arithmetic on a narrow scalar of numpy overflows.
    """
    return np.int64(x)  # type: ignore[return-value]


@inline_always
def unsigned(x: int) -> int:
    """Return ``x``, which is not negative, as an unsigned word.

    An index that cannot be negative is not looked at for being so, and only then are loops over columns vectorised.
    """
    return np.uint64(x)  # type: ignore[return-value]


def _prefetch(rows: Any, row: int) -> None:
    """Ask for the first cache line of a row that will be written soon; the row need not exist."""


def _prefetch_instruction(_typing: Any, rows: Any, row: Any) -> Any:
    """Return signature and code of the above: numba has no prefetch of its own."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        llvm: Any = cgutils
        ir = llvm.ir
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(array.strides, 0)
        begin = builder.bitcast(array.data, llvm.voidptr_t)
        line = builder.gep(begin, [builder.mul(stride, arguments[1])])
        flags = [ir.Constant(llvm.int32_t, value) for value in (1, 3, 1)]  # written, kept, data
        kind = ir.FunctionType(ir.VoidType(), [llvm.voidptr_t, *(flag.type for flag in flags)])
        instruction = llvm.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(instruction, [line, *flags])
        return context.get_dummy_value()

    return types.void(rows, row), generate


# Memory is read far slower than it is computed on, and the processor looks ahead by two readings only: asking for
# the lanes of later ones makes their waits one (docs/decisions.md has the measurement).
_config: Any = numba.config
prefetch: Callable[[Any, int], None] = (
    _prefetch if _config.DISABLE_JIT else typing.cast("Any", intrinsic(_prefetch_instruction))
)


def warm_up() -> int:
    """Compile (or load from the cache) every kernel for the one signature it has, then forbid further ones.

    A call with other dtypes, strides or mutability then raises ``TypeError`` at once, instead of compiling for
    0.3 s in the hot path. With JIT off (``NUMBA_DISABLE_JIT=1``) nothing is compiled.

    Returns:
        Number of kernels that are ready.
    """
    for compiled in _KERNELS:
        if not hasattr(compiled, "py_func"):
            continue
        hints = typing.get_type_hints(compiled.py_func, include_extras=True)
        hints.pop("return", None)
        compiled(*(specimen(hint) for hint in hints.values()))
        compiled.disable_compile()
    return len(_KERNELS)


def specimen(hint: Any) -> Any:
    """Return the smallest valid argument for one annotation: an empty array, a zero, or a tuple of them.

    Raises:
        KeyError: The annotation is none of those; give the parameter an alias of ``kernels.layout``.
    """
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = typing.get_type_hints(hint, include_extras=True)
        make: Callable[..., Any] = hint
        return make(*(specimen(field) for field in fields.values()))
    if hint in (int, float, bool):
        return hint(0)
    origin_metadata = getattr(hint, "__metadata__", None)
    if origin_metadata is None:
        raise KeyError(hint)
    dtype, shape = origin_metadata
    return np.zeros(shape, dtype)

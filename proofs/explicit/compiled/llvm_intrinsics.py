"""Machine instructions that numba has no words for: to prefetch, and to call an address.

The loops of a search are compiled once; what differs from model to model are a few functions, which they call by
address. Memory is passed to those by address too.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Begin to fetch array[index] into the cache; nothing is read, nothing waits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        is_write, locality, is_data = word(0), word(2), word(1)
        builder.call(call, [place, is_write, locality, is_data])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _call(typing_context: Any, address: Any, state: Any) -> Any:
    """Call the function at an address with a state."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD])
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

    return types.int64(types.int64, types.int64), generate


def _call_step(typing_context: Any, address: Any, state: Any, found: Any, count: Any) -> Any:
    """Call the function at an address with a state, the address of what is found, and how much is found before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD, _WORD, _WORD])
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

    return types.int64(types.int64, types.int64, types.int64, types.int64), generate


prefetch: Any = intrinsic(_prefetch)
call: Any = intrinsic(_call)
call_step: Any = intrinsic(_call_step)

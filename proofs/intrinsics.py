"""Three machine instructions that numba has no words for. Imported by compiled searches, and by nothing else."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


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


def _put(typing_context: Any, array: Any, index: Any, value: Any, is_taken: Any) -> Any:
    """Store the value at array[index]; return index + 1 if it is taken, else index, so that the next overwrites it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        builder.store(arguments[2], builder.gep(data, [arguments[1]]))
        return builder.add(arguments[1], builder.zext(builder.trunc(arguments[3], ir.IntType(1)), ir.IntType(64)))

    return types.int64(array, types.int64, types.int64, types.boolean), generate


def _select(typing_context: Any, condition: Any, then: Any, otherwise: Any) -> Any:
    """Return `then` where the condition holds, else `otherwise`, without a jump; both are computed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(arguments[0], arguments[1], arguments[2])

    return types.int64(types.boolean, types.int64, types.int64), generate


prefetch: Any = intrinsic(_prefetch)
put: Any = intrinsic(_put)
select: Any = intrinsic(_select)

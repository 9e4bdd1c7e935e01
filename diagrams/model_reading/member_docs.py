"""The docstring under each member of an enum, or field of a dataclass, read from its source."""

import ast
import inspect
import textwrap
from functools import lru_cache


@lru_cache(maxsize=32)
def member_docs(enum: type) -> dict[str, str]:
    """Return the docstring of each member or field by its name; those without one are left out."""
    body = ast.parse(textwrap.dedent(inspect.getsource(enum))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, following in zip(body.body, body.body[1:], strict=False):
        target = (
            one.targets[0] if isinstance(one, ast.Assign) else one.target if isinstance(one, ast.AnnAssign) else None
        )
        if isinstance(target, ast.Name) and isinstance(following, ast.Expr):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[target.id] = " ".join(value.value.split())
    return found

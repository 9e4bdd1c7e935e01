"""The docstring under each member of an enum, read from its source."""

import ast
import inspect
import textwrap
from enum import Enum
from functools import lru_cache


@lru_cache(maxsize=8)
def member_docs(enum: type[Enum]) -> dict[str, str]:
    """Return the docstring of each member by its name; members without one are left out."""
    body = ast.parse(textwrap.dedent(inspect.getsource(enum))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(one, ast.Assign) and isinstance(following, ast.Expr) and isinstance(one.targets[0], ast.Name):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[one.targets[0].id] = " ".join(value.value.split())
    return found

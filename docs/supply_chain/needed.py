"""Which distributions an install of otaproof needs, by what those installed here declare."""

import importlib.metadata
import itertools
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .lock_file import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))
"""sys.platform, and what platform.system() and platform.machine() say."""
SHIPPED = ("prove", "certificates", "binary", "diagrams", "lua")
"""The extras that users install; docs and dev are for work on otaproof."""
TOOLS = "tools"
"""The dependency group of what installs and describes the rest."""


@cache
def environments() -> tuple[Mapping[str, str], ...]:
    """Return what markers are evaluated with, for each Python and system that is supported."""
    here = {name: str(value) for name, value in default_environment().items()}
    return tuple(
        here
        | {"python_version": python, "python_full_version": f"{python}.9"}
        | {"sys_platform": platform, "platform_system": system, "platform_machine": machine}
        for python, (platform, system, machine) in itertools.product(PYTHONS, SYSTEMS)
    )


def declared_by(name: str) -> list[Requirement]:
    """Return what an installed distribution requires, its extras' requirements with their markers."""
    return [Requirement(line) for line in importlib.metadata.requires(name) or []]


def next_to(name: str, extras: Iterable[str]) -> set[tuple[str, str]]:
    """Return the distributions, each with an extra or "", that one needs at once on any supported system."""
    found: set[tuple[str, str]] = set()
    for requirement in declared_by(name):
        wanted = [{**where, "extra": extra} for where in environments() for extra in ("", *extras)]
        if requirement.marker is None or any(map(requirement.marker.evaluate, wanted)):
            found |= {(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)}
    return found


def needed(roots: Iterable[Requirement]) -> set[str]:
    """Return the distributions that an install of `roots` needs on any supported system, the roots included."""
    found: set[tuple[str, str]] = set()
    waiting: list[tuple[str, str]] = []
    waiting += [(canonicalize_name(root.name), extra) for root in roots for extra in ("", *root.extras)]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += next_to(one[0], (one[1],))
    return {name for name, _ in found}


def needed_with(*extras: str) -> set[str]:
    """Return the distributions that otaproof needs with these extras, without itself."""
    return needed([Requirement(f"otaproof[{','.join(extras)}]")]) - {"otaproof"}


def group(name: str) -> list[Requirement]:
    """Return the requirements of a dependency group in pyproject.toml."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return [Requirement(line) for line in groups[name]]


@cache
def uses() -> Mapping[str, tuple[str, ...]]:
    """Return for each distribution the parts of otaproof that need it: core, an extra, or the tools."""
    core = needed_with()
    parts = {"core": core} | {extra: needed_with(extra) - core for extra in (*SHIPPED, "docs", "dev")}
    parts[TOOLS] = needed(group(TOOLS))
    names = sorted(set().union(*parts.values()))
    return {name: tuple(part for part, members in parts.items() if name in members) for name in names}

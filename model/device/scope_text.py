"""A scope in one line of text."""

from ..remedies import Remedy
from .state import Scope


def scope_title(scope: Scope) -> str:
    """Return the scope in one line."""
    return f"{scope.slots} OTA slot{'s' if scope.slots > 1 else ''}, {title_of_any_slots(scope)}"


def title_of_any_slots(scope: Scope) -> str:
    """Return the scope in one line, but for the number of slots."""
    config = scope.config
    parts = ["factory"] if scope.has_factory else []
    parts.append("rollback on" if config.rollback else "rollback off")
    parts += [f"anti-rollback with {scope.versions} versions"] if config.anti_rollback else []
    if scope.skips_validation:
        parts.append(f"validation skipped{' at a power-on' if scope.skips_at_power_on_alone else ''}")
    parts += ["otadata by turns"] if config.is_by_turns else []
    parts.append(f"release rules {config.app_name}")
    if config.bootloader_point != config.app_point:
        parts.append(f"bootloader {config.bootloader_name}")
    parts += [scope.faults.name, f"{scope.usage.value} usage"]
    parts += sorted(allowance.value.replace("-", " ") for allowance in scope.allows)
    return ", ".join([*parts, *(f"remedy {remedy.value}" for remedy in Remedy if remedy in scope.remedies)])

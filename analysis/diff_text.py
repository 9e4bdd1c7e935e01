"""The differences that a product search finds, in words."""

from collections.abc import Sequence

from ..model.call_names import ESP_IDF_FUNCTIONS
from ..proofs.explicit.product_search import Behaviour, Given, Observed

_CALLS = {
    "restart": "restart",
    "wake": "wake from deep sleep",
    "power_on": "power_on()",
    "power_off": "power off",
    "set_boot_running": "esp_ota_set_boot_partition(running)",
    "set_boot_factory": "esp_ota_set_boot_partition(factory)",
    "write_rest": "write(rest)",
    "write_rest_broken": "write(rest, damaged)",
    "write_over": f"{ESP_IDF_FUNCTIONS['write_at']}()",
    "session_resume": f"{ESP_IDF_FUNCTIONS['resume']}()",
    "session_abort": f"{ESP_IDF_FUNCTIONS['abort']}()",
    "session_switch": "go on with the other handle",
    "erase_last_boot": f"{ESP_IDF_FUNCTIONS['erase_last_boot']}()",
}


_SUBJECTS = {
    Observed.RESULT: "{} is",
    Observed.OPERATIONS: "flash operations of {}",
    Observed.BOOT_OPERATIONS: "flash operations of the boot after {}",
    Observed.BOOTS: "what boots after {}",
    Observed.ROLLBACK: "rollback() after {} is",
    Observed.NEXT: "info() says boots next, after {}",
    Observed.STATES: "info() says of the slots, after {}",
}


_OTHERS = (("the active entry", "the other entry"), ("NEW", "UNDEFINED"))
"""What can stand for each other in operations that are the same for the rest."""


def call_text(name: str) -> str:
    """Return an input as an application would write it."""
    if name.startswith("write_first"):
        version = name.rpartition("_version_")[2] if "_version_" in name else ""
        return f"write(first part of version {version})" if version else "write(first part)"
    if name.startswith("set_boot_ota_"):
        return f"{ESP_IDF_FUNCTIONS['set_boot']}({name.removeprefix('set_boot_')})"
    return _CALLS.get(name, f"{name}()")


def inputs_text(trace: Sequence[Given]) -> str:
    """Return a sequence of inputs in one line."""
    return ", ".join(_given_text(given) for given in trace)


def _given_text(given: Given) -> str:
    text = call_text(given.name)
    if given.cut is None:
        return text
    left = given.cut.action.removeprefix("cut_").removeprefix("in_").replace("_", " ")
    where = "the boot after it" if given.cut.is_in_boot and given.name not in ("power_on", "restart", "wake") else "it"
    after = f" after {given.cut.ops} operation{'s' if given.cut.ops > 1 else ''}" if given.cut.ops else ""
    return f"{text} [power cut in {where}{after}: {left}]"


def subject(behaviour: Behaviour) -> str:
    """Return what is observed."""
    return _SUBJECTS[behaviour.observed].format(call_text(behaviour.call))


def cause_title(behaviour: Behaviour) -> str:
    """Return a cause in a line, as far as it can be said for both sides at once."""
    call = call_text(behaviour.call)
    if behaviour.observed is Observed.RESULT:
        refused = behaviour.left if behaviour.left == "refused" else behaviour.right
        others = sum(given.name == behaviour.call for given in behaviour.trace[:-1])
        return f"{'another ' if others else ''}{call} is {refused}, or not"
    if behaviour.observed in (Observed.OPERATIONS, Observed.BOOT_OPERATIONS):
        left, right = behaviour.left.split("; "), behaviour.right.split("; ")
        more = [part for part in right if part not in left], [part for part in left if part not in right]
        if not more[0] or not more[1]:
            return f"{call} {' and '.join(more[0] or more[1])}, or not"
        for one, other in _OTHERS:
            if behaviour.left.replace(one, other) == behaviour.right.replace(one, other):
                return f"{call} writes {one}, or {other}"
    return subject(behaviour)

"""What breaks a claim, in a sentence: the event after a power cut that the claim rules out."""

from collections.abc import Callable

from ..model.claims.observation import Boot, Observation


def broken_by_cut(claim_id: str, after: Observation) -> str:
    """Return what breaks a claim after one power cut, or one reset between two calls."""
    return _SENTENCES[claim_id](after)


def _starts(boot: Boot | None) -> str:
    if boot is None or boot.partition is None:
        return "starts nothing"
    return f"starts {boot.partition}" + ("" if boot.image is not None else ", which holds no whole image")


def _no_image(after: Observation) -> str:
    return f"the next power-on {_starts(after.future.boot)}"


def _unfinished(after: Observation) -> str:
    future = after.future
    rolled_back = None if future.rollback is None else future.rollback.boot
    boots = (
        ("the next power-on", future.boot),
        ("the power-on after the next", future.idle_boot),
        (f"the next power-on starts {future.boot.partition}, rollback()", rolled_back),
    )
    for when, boot in boots:
        if boot is None or boot.partition is None:
            continue
        if boot.image is None or boot.partition not in after.finished:
            return f"{when} then starts {boot.partition}, whose image was never completed"
    raise ValueError("every image that starts was completed")


def _wrote_running(after: Observation) -> str:
    return f"commence(), write() or complete() has changed the partition that runs, {after.previous}"


def _lost_trial(after: Observation) -> str:
    future = after.future
    if future.boot.partition != after.target:
        return f"the next power-on {_starts(future.boot)}, not {after.target}, which complete() has marked"
    return (
        f"the next power-on starts {after.target}, which is not accepted; the one after that "
        f"{_starts(future.idle_boot)}, not {after.previous}"
    )


def _accepted_lost(after: Observation) -> str:
    return f"the next power-on {_starts(after.future.boot)}, although {after.target} was accepted"


def _rollback_fails(after: Observation) -> str:
    rollback = after.future.rollback
    assert rollback is not None
    if rollback.error is not None:
        return f"rollback() then raises “{rollback.error}”, and has changed flash"
    again = " again" if rollback.boot is not None and rollback.boot.partition == after.future.boot.partition else ""
    return f"rollback() then restarts, which {_starts(rollback.boot)}{again}"


def _third_choice(after: Observation) -> str:
    before, later = after.old_boot or "nothing", after.new_boot or "nothing"
    return f"the next power-on {_starts(after.future.boot)}; before the call it starts {before}, after it {later}"


def _old_version(after: Observation) -> str:
    boot = after.future.boot
    return f"{boot.partition} runs with secure version {boot.secure_version}; the eFuse has {boot.efuse_version}"


def _upgrade_fails(after: Observation) -> str:
    further = after.future.upgrade
    if further is None:
        return "no application runs that could begin a further upgrade"
    if further.error is not None:
        return f"a further upgrade to {further.target} fails in {further.error}"
    return f"after a further upgrade to {further.target} the power-on {_starts(further.boot)}"


def _wrong_info(after: Observation) -> str:
    future = after.future
    return (
        f"info() says that {future.info_running} runs and {future.info_next} is next; "
        f"{future.boot.partition} runs, and the next power-on {_starts(future.idle_boot)}"
    )


_SENTENCES: dict[str, Callable[[Observation], str]] = {
    "C1": _no_image,
    "C2": _unfinished,
    "C3": _wrote_running,
    "C4": _lost_trial,
    "C5": _accepted_lost,
    "C6": _rollback_fails,
    "C7": _third_choice,
    "C8": _old_version,
    "C9": _upgrade_fails,
    "C10": _wrong_info,
}
"""By the id of the claim; a claim of a sweep has one."""

"""What follows a power cut, in words."""

from collections.abc import Iterator

from ...model.claims.observation import Boot, Future


def future_lines(future: Future) -> Iterator[str]:
    """Yield what follows a cut, a line for each observation."""
    yield f"power_on(): {_describe_boot(future.boot)}"
    if future.boot.partition is None:
        return
    yield f"info(): running {future.info_running}, next {future.info_next}"
    if future.idle_boot is not None:
        yield f"power_on() again, nothing called: {_describe_boot(future.idle_boot)}"
    rollback = future.rollback
    if rollback is not None:
        if rollback.boot is not None:
            yield f"or rollback(): restarts, {_describe_boot(rollback.boot)}"
        else:
            changed = "flash has changed" if rollback.changed_flash else "nothing has changed"
            yield f"or rollback(): error “{rollback.error}”, {changed}"
    upgrade = future.upgrade
    if upgrade is not None:
        if upgrade.error is not None:
            yield f"or a further upgrade to {upgrade.target}: fails in {upgrade.error}"
        elif upgrade.boot is not None:
            yield f"or a further upgrade to {upgrade.target}: {_describe_boot(upgrade.boot)}"


def _describe_boot(boot: Boot) -> str:
    if boot.partition is None:
        return "nothing boots"
    image = "no whole image" if boot.image is None else f"image “{boot.image}”"
    return f"{boot.partition} boots ({image}{', under test' if boot.is_under_test else ''})"

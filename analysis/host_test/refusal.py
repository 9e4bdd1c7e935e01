"""What of a history the emulation of esp_partition has not, so that no host test is made of it."""

from ...campaign.history.history import History
from ...impl.chip.torn_operations import TornKind
from ...model.writers import Updater


class HostTestRefused(Exception):
    """str() says, in one line, what the emulation cannot do."""


def refuse_without_emulation(history: History) -> None:
    """Raise HostTestRefused for what the steps of a history ask for in vain; cuts are looked at as they are played."""
    config = history.device.config
    if config.anti_rollback:
        raise HostTestRefused("the device has anti-rollback, and the emulation has no eFuse")
    if config.updater is not Updater.ESP_IDF:
        raise HostTestRefused(f"its application brings updates with {config.updater.value}, not with esp_ota_*()")
    for step in history.steps:
        if step.failures:
            raise HostTestRefused(f"in {step}, {step.failures[0]}; in the emulation only the power fails")
        if step.cut is not None and step.cut.torn is not None and step.cut.torn.kind is TornKind.UNSTABLE:
            raise HostTestRefused(f"{step} leaves undecided bits ({step.cut.torn}), and the emulation has none")

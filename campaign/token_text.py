"""What tokens hold of a configuration: the fields that differ from the default, as JSON values."""

from dataclasses import fields

from ..impl.release_points import with_versions
from ..model.config import Chip, Config, Release, Selector
from ..model.idf_version import IdfVersion
from ..model.writers import Updater


def encode_config(config: Config) -> dict[str, object]:
    """Return the fields that differ from the default, as JSON values."""
    default = Config()
    changed = {f.name: getattr(config, f.name) for f in fields(config)}
    return {name: _json_value(value) for name, value in changed.items() if value != getattr(default, name)}


def _json_value(value: object) -> object:
    if isinstance(value, Release | IdfVersion):
        return value.label
    return value.value if isinstance(value, Chip | Updater | Selector) else value


def decode_config(record: dict[str, object]) -> Config:
    """Return the configuration of these values; raises TypeError or ValueError for any that it cannot have."""
    values: dict[str, object] = dict(record)
    for name in ("app_release", "bootloader_release"):
        if name in values:
            values[name] = Release.named(str(values[name]))
    for name in ("app_version", "bootloader_version"):
        if name in values:
            values[name] = IdfVersion.parse(str(values[name]))
    if "chip" in values:
        values["chip"] = Chip(values["chip"])
    if "selector" in values:
        values["selector"] = Selector(values["selector"])
    if "updater" in values:
        values["updater"] = Updater(values["updater"])
    # What tokens held before the text of the option was kept.
    labels = values.pop("factory_reset_labels", [])
    if labels and isinstance(labels, list):
        values["factory_reset_list"] = ",".join(map(str, labels))
    default = Config()
    kinds = {name: IdfVersion if name.endswith("_version") else type(getattr(default, name)) for name in values}
    if any(type(value) is not kinds[name] for name, value in values.items()):
        raise TypeError("an option has another type")
    config = Config(**values)  # type: ignore[arg-type]  # a wrong field or type raises TypeError or ValueError
    if config != with_versions(config, config.app_point, config.bootloader_point):
        raise ValueError("a version is not of the class that is named beside it")
    return config

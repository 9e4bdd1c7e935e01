"""What tokens hold of a configuration: the fields that differ from the default, as JSON values."""

from dataclasses import fields

from ..model.config import Chip, Config, Release


def encode_config(config: Config) -> dict[str, object]:
    """Return the fields that differ from the default, as JSON values."""
    default = Config()
    changed = {f.name: getattr(config, f.name) for f in fields(config)}
    return {
        name: value.label if isinstance(value, Release) else value.value if isinstance(value, Chip) else value
        for name, value in changed.items()
        if value != getattr(default, name)
    }


def decode_config(record: dict[str, object]) -> Config:
    """Return the configuration of these values; raises TypeError or ValueError for any that it cannot have."""
    values: dict[str, object] = dict(record)
    for name in ("app_release", "bootloader_release"):
        if name in values:
            values[name] = Release.parse(str(values[name]))
    if "chip" in values:
        values["chip"] = Chip(values["chip"])
    # What tokens held before the text of the option was kept.
    labels = values.pop("factory_reset_labels", [])
    if labels and isinstance(labels, list):
        values["factory_reset_list"] = ",".join(map(str, labels))
    default = Config()
    if any(type(value) is not type(getattr(default, name)) for name, value in values.items()):
        raise TypeError("an option has another type")
    return Config(**values)  # type: ignore[arg-type]  # a wrong field or type raises TypeError or ValueError

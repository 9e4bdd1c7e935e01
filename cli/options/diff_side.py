"""A side of `otaproof diff`: a release, or settings joined by commas, over the device of the options."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import InputError
from ...model.config import Selector
from ...model.idf_version import IdfVersion
from .device_options import CutOptions, DeviceOptions
from .values import release_of

if TYPE_CHECKING:
    from ...model.device.state import Scope

_SWITCHES = {"rollback": "rollback", "anti-rollback": "anti_rollback"}
_DEEP_SLEEP = "skip-validate-in-deep-sleep"
_SELECTOR = "selector"
_SELECTORS = {selector.value: selector for selector in Selector}
_RELEASES = {"idf": "idf", "bootloader-idf": "bootloader_idf"}
_VALUES = {"on": True, "off": False}


def side_scope(side: str, device: DeviceOptions, cuts: CutOptions) -> "Scope":
    """Return the scope of a side: what its text says, and for all else what the options say."""
    said: dict[str, bool | IdfVersion | Selector] = {}
    sleeps = False
    for part in filter(None, (part.strip() for part in side.split(","))):
        name, is_setting, value = part.partition("=")
        if not is_setting:
            said["idf"] = release_of(part, part)
        elif name in _RELEASES:
            said[_RELEASES[name]] = release_of(value, part)
        elif name in _SWITCHES:
            said[_SWITCHES[name]] = _switch(part, name, value)
        elif name == _DEEP_SLEEP:
            sleeps = _switch(part, name, value)
        elif name == _SELECTOR:
            if value not in _SELECTORS:
                raise InputError(f"{part}: want {' or '.join(f'{name}={known}' for known in _SELECTORS)}")
            said["selector"] = _SELECTORS[value]
        else:
            known = ", ".join([*_RELEASES, *_SWITCHES, _DEEP_SLEEP, _SELECTOR])
            raise InputError(f"{part}: unknown setting; known: {known}")
    scope = replace(device, **said).scope(cuts.faults, cuts.usage)  # type: ignore[arg-type]
    return replace(scope, config=replace(scope.config, skip_validate_in_deep_sleep=sleeps))


def _switch(part: str, name: str, value: str) -> bool:
    if value not in _VALUES:
        raise InputError(f"{part}: want {name}=on or {name}=off")
    return _VALUES[value]

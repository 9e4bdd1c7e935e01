"""An observation after a power cut that keeps every claim, for tests that break one at a time."""

from dataclasses import fields, replace
from typing import Any

from otaproof.model.claims.observation import Boot, Future, Note, Observation, Rollback, Upgrade

OLD = Boot("ota_0", "old", "valid", "valid")
NEW = Boot("ota_1", "new", "testing", "testing", wrote=True, secure_version=2, efuse_version=1)
LATER = replace(OLD, rejected=frozenset({"ota_1"}), secure_version=1, efuse_version=1)
UPGRADED = Boot("ota_0", "new", "valid", "valid", secure_version=2, efuse_version=2)
UPGRADE = Upgrade("ota_0", "new", None, UPGRADED, wrote_running=False)
FUTURE = Future(
    notes=(Note("ota_0", 1, "valid"), Note("ota_1", 2, "new")),
    boot=NEW,
    info_running="ota_1",
    info_next="ota_1",
    idle_boot=LATER,
    rollback=Rollback(None, True, replace(LATER, rejected=frozenset()), frozenset({"ota_1"})),
    upgrade=UPGRADE,
)
KEPT = Observation(
    call="power_on",
    is_between_calls=False,
    has_begun=True,
    old_boot="ota_1",
    new_boot="ota_0",
    finished=frozenset({"ota_0", "ota_1"}),
    earned=frozenset({"ota_0"}),
    rejected=frozenset(),
    previous="ota_0",
    target="ota_1",
    is_marked=True,
    is_tried=False,
    is_accepting=False,
    accepted=None,
    is_rolled_back=False,
    wrote_running=False,
    efuse_before=1,
    future=FUTURE,
)
"""The power failed while the new image was started for the first time; all is as it should be."""
SETTLED = replace(
    KEPT,
    is_tried=True,
    is_accepting=True,
    accepted="ota_1",
    future=replace(
        FUTURE,
        boot=replace(NEW, state="valid", deciding="valid"),
        info_next="ota_1",
        idle_boot=replace(NEW, state="valid", deciding="valid", wrote=False),
    ),
    earned=frozenset({"ota_0", "ota_1"}),
)
"""The same after accept() has returned: no trial any more."""


def of(base: Observation, /, **changes: Any) -> Observation:
    """Return the observation with other facts, those of its future among them."""
    names = {field.name for field in fields(Future)}
    future = {name: value for name, value in changes.items() if name in names}
    others = {name: value for name, value in changes.items() if name not in names}
    return replace(base, future=replace(base.future, **future), **others)

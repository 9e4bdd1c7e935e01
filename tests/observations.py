"""An observation after a power cut that keeps every claim, for tests that break one at a time."""

from dataclasses import replace

from otaproof.model.claims.observation import Boot, Future, Observation, Rollback, Upgrade

OLD = Boot("ota_0", "old")
NEW = Boot("ota_1", "new", is_under_test=True, secure_version=2, efuse_version=1)
UPGRADE = Upgrade("ota_0", None, Boot("ota_0", "new", secure_version=2, efuse_version=2), wrote_running=False)
FUTURE = Future(
    boot=NEW,
    info_running="ota_1",
    info_next="ota_1",
    idle_boot=replace(OLD, secure_version=1, efuse_version=1),
    rollback=Rollback(None, True, replace(OLD, secure_version=1, efuse_version=1)),
    upgrade=UPGRADE,
)
KEPT = Observation(
    call="power_on",
    is_between_calls=False,
    old_boot="ota_1",
    new_boot="ota_0",
    finished=frozenset({"ota_0", "ota_1"}),
    previous="ota_0",
    target="ota_1",
    is_marked=True,
    is_accepting=False,
    is_accepted=False,
    wrote_running=False,
    efuse_before=1,
    future=FUTURE,
)
"""The power failed while the new image was started for the first time; all is as it should be."""

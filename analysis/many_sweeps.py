"""`make sweeps`: a billion cut points of many devices, all of them decided, and each violated claim explained.

Each device takes an image of the size of a real one, in every scenario of `otaproof check`, and the power is cut at
every byte of every flash operation (F1). A violation is explained where its token, played from the first call on by a
board that nobody has swept, breaks the claim as well, and the device model refutes it too, unless it has not got the
library that brings the update. One that is not ends the run with exit code 1.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from ..campaign.made_device import made_device
from ..campaign.upgrade.sweep_bench import REAL
from ..campaign.upgrade.upgrade_replay import replay
from ..campaign.upgrade.upgrade_token import decode_token
from ..campaign.workers import mapped
from ..model.config import Config, Release
from ..model.fault_model import FaultModel
from ..model.writers import Updater
from .model_verdicts import Proofs
from .upgrade_check import check_upgrade, token_of

PROTECTIONS = {
    "no rollback": Config(),
    "rollback": Config(rollback=True),
    "anti-rollback": Config(rollback=True, anti_rollback=True),
}
"""By what they are called, the options that decide most."""


@dataclass(frozen=True, slots=True)
class SweptDevice:
    """A device to sweep."""

    group: str
    """The row of the table that it is told in."""
    config: Config
    slots: int = 2
    has_factory: bool = False


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep of all scenarios of one device came to."""

    device: SweptDevice
    cuts: int
    """Cut points decided."""
    played: int
    """Distinct states after them, each played once."""
    is_complete: bool
    refuted: tuple[str, ...]
    """Ids of the violated claims that the replay confirms and the device model refutes as well."""
    on_board: tuple[str, ...]
    """Of those that the replay confirms, where the device model has not got the library that brings the update."""
    unexplained: tuple[str, ...]
    """Replay tokens of all others."""


def devices() -> Iterator[SweptDevice]:
    """Yield what is swept: kinds of devices, then mixed releases, then other libraries than otaupgrade."""
    for name, config in PROTECTIONS.items():
        for release in Release:
            built = replace(config, app_release=release, bootloader_release=release)
            for slots in (2, 3):
                yield SweptDevice(f"{name}, {slots} slots", built, slots)
                yield SweptDevice(f"{name}, factory, {slots} slots", built, slots, has_factory=True)
            for older in (older for older in Release if older < release):
                yield SweptDevice(f"{name}, an older bootloader", replace(built, bootloader_release=older))
            for updater in (updater for updater in Updater if updater is not Updater.ESP_IDF):
                yield SweptDevice(f"{name}, {updater.value}", replace(built, updater=updater))


def sweep_of(sizes: tuple[int, int], device: SweptDevice) -> Swept:
    """Sweep a device whose slots, and the images in them, have these sizes in bytes."""
    secure_version = int(device.config.anti_rollback)
    world = made_device(
        *sizes,
        device.config,
        slots=device.slots,
        has_factory=device.has_factory,
        secure_version=secure_version,
    )
    report = check_upgrade(world, FaultModel.F1, 0, decides=False)
    verdicts = report.proofs.verdicts if isinstance(report.proofs, Proofs) else {}
    refuted, on_board, unexplained = list[str](), list[str](), list[str]()
    for result in report.claims:
        if result.shortest is None:
            continue
        token = token_of(report, result.claim.id, result.shortest)
        is_confirmed = replay(decode_token(token), world).is_claim_kept is False
        proof = verdicts.get(result.claim.id)
        if is_confirmed and proof is not None and proof.verdict == "refuted":
            refuted.append(result.claim.id)
        elif is_confirmed and device.config.updater is not Updater.ESP_IDF:
            on_board.append(result.claim.id)
        else:
            unexplained.append(token)
    return Swept(
        device,
        sum(sweep.cuts for sweep in report.sweeps.values()),
        sum(sweep.distinct_futures for sweep in report.sweeps.values()),
        report.is_complete,
        tuple(refuted),
        tuple(on_board),
        tuple(unexplained),
    )


def row_of(group: str, swept: Sequence[Swept]) -> str:
    """Return the row of a group: devices, cut points, claims that are violated on one of them."""
    broken = {claim for one in swept for claim in (*one.refuted, *one.on_board)}
    claims = " ".join(sorted(broken, key=lambda claim: (len(claim), claim))) or "nothing"
    return f"{group:33}{len(swept):>3}{sum(one.cuts for one in swept):>14,}  {claims}"


def total_of(swept: Sequence[Swept]) -> str:
    """Return what all came to, in words."""
    refuted, on_board = sum(len(one.refuted) for one in swept), sum(len(one.on_board) for one in swept)
    unexplained = sum(len(one.unexplained) for one in swept)
    return (
        f"{sum(one.cuts for one in swept):,} cut points of {len(swept)} devices: "
        f"{sum(one.played for one in swept):,} distinct states, each played\n"
        f"{refuted + on_board + unexplained:,} claims violated: {refuted:,} refuted by the device model as well, "
        f"{on_board:,} on the\nboard alone, as the model has not got the device, {unexplained} unexplained"
    )


def main() -> int:
    """Sweep everything; return 1 when something is left unexplained."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes to run in")
    jobs = parser.parse_args().jobs
    started = time.monotonic()
    print(f"{'devices':>36}    cut points  violated")
    found = list[Swept]()
    asked = list(devices())
    groups = list(dict.fromkeys(device.group for device in asked))
    asked.sort(key=lambda device: groups.index(device.group))
    sweeps = mapped(partial(sweep_of, REAL), asked, jobs)
    for group, swept in groupby(sweeps, key=lambda one: one.device.group):
        found += (rows := list(swept))
        print(row_of(group, rows), flush=True)
    print(f"{total_of(found)}\n{time.monotonic() - started:,.0f} s, processes: {jobs}")
    for token in (token for one in found for token in one.unexplained):
        print(f"otaproof replay {token}", file=sys.stderr)
    return 0 if all(one.is_complete and not one.unexplained for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())

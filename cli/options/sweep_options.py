"""The options of `otaproof check` that say where the power is cut, and what is asked of what boots."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...model.fault_model import FaultModel
from .device_options import AnyPlayedFaults
from .groups import CUTS, DEVICE, OUTPUT
from .values import Remedies, can_be_made, within


def _is_table(_: object, path: Path | None) -> None:
    if path is not None and not path.name.endswith((".csv", ".csv.gz")):
        raise ValueError(f"{path.name} must end in .csv or .csv.gz")


@Parameter(name="*", group=CUTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """Where the power is cut, and what is asked of what boots."""

    chunk: Annotated[int, Parameter(validator=within(1, 1 << 24), metavar="BYTES")] = 4096
    """Bytes for each write()."""
    faults: AnyPlayedFaults = None
    """What a power cut may leave of a flash operation: all or nothing (F0), any prefix (F1, the default), any bytes
    (F2), any bits (F3), bits that read otherwise each time (F4); and what a bad chip does: other bytes change, an
    operation lies (F5)."""
    depth: Annotated[int, Parameter(validator=within(1, 8), metavar="N")] = 1
    """Power failures in a row: one in the update, the others in the power-ons that follow."""
    endurance: Annotated[int | None, Parameter(validator=within(1, 1000), metavar="N")] = None
    """Play update after update as well, on flash whose sectors take N erases: what wears out first, and what the
    device does from then on."""
    jobs: Annotated[int, Parameter(validator=within(1, 1024), metavar="N")] = 1
    """Processes to decide sweeps in, from F2 on, and to wear flash out."""
    fast: bool = False
    """Check under F0, and of every history tell only what is shipped with otaproof."""
    seed: Annotated[int, Parameter(validator=within(0), metavar="N")] = 0
    """Chooses the samples of F2 to F5."""
    proofs: Annotated[bool, Parameter(negative="--no-proofs")] = True
    """Print as well what is proved of every history of a device like this one."""
    remedy: Annotated[Remedies, Parameter(group=DEVICE)] = frozenset()
    """What the application does so that more claims hold, such as erase-last-boot (repeatable)."""
    cuts: Annotated[Path | None, Parameter(validator=(_is_table, can_be_made), metavar="FILE", group=OUTPUT)] = None
    """Write every cut point, .csv or .csv.gz."""

    @property
    def fault_model(self) -> FaultModel:
        """The one that is meant."""
        if self.faults is not None:
            return self.faults
        return FaultModel.F0 if self.fast else FaultModel.F1

    def left_out(self) -> Iterator[str]:
        """Yield a line on what a fast check leaves out."""
        if self.fast:
            yield (
                "--fast: the power is cut before and after each flash operation alone (F0); what a cut in the middle "
                "of one leaves (F1 to F4), and proofs that are not shipped, are left out"
            )

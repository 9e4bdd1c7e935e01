"""Random tears of an operation, by the fault model that admits them."""

from collections.abc import Sequence
from random import Random

from ...impl.chip.torn_operations import SCHEDULES, Torn, TornKind
from ...model.fault_model import FaultModel
from ..history.step import Step
from ..lockstep.seen_operations import OpKind, SeenOp

_STATE_WORD = range(24, 28)
"""Where the state word lies in a record."""


def most_programmed(op: SeenOp, step: Step) -> int:
    """Return how many bytes an operation programs; a prefix that is left of it is shorter."""
    return 4 if op.is_check_word else 32 if op.record is not None else max(2, step.length)


def draw_tear(
    random: Random, faults: FaultModel, op: SeenOp, step: Step, weights: Sequence[float] | None = None
) -> Torn:
    """Return a way to tear an operation that the fault model admits. weights: of its rungs; None: all weigh alike."""
    rungs = [model for model in FaultModel if model <= faults]
    model = random.choice(rungs) if weights is None else random.choices(rungs, weights)[0]
    if model is FaultModel.F0:
        return Torn.parse(random.choice(["before", "after"]))
    if model is FaultModel.F1:
        if op.kind is OpKind.ERASE:
            return Torn.parse(f"partial:{random.choice([random.randrange(1, 40), random.randrange(1, 0x1000)])}")
        return Torn.parse(f"prefix:{random.randrange(1, most_programmed(op, step))}")
    if model >= FaultModel.F4:
        kind = TornKind.UNSTABLE if model is FaultModel.F4 else TornKind.DISTURB
        return Torn(
            kind, pattern=random.choice([random.randrange(1, SCHEDULES - 1), random.randrange(SCHEDULES, 2000)])
        )
    word = "bytes" if model is FaultModel.F2 else "bits"
    if op.record is not None and random.random() < 0.5:
        unit = random.choice(_STATE_WORD) if word == "bytes" else 8 * random.choice(_STATE_WORD) + random.randrange(8)
        return Torn.parse(f"{word}:0.{unit + random.choice([0, 256])}")
    return Torn.parse(f"{word}:0.{random.randrange(2000)}")

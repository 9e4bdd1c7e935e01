"""The state that esp_ota_get_state_partition tells of the running app, as terms that both sides share.

The function has a theorem of its own. Where another one calls it, what impl's call comes to stands for it: one term for
all of its paths, so that the caller does not fork on each of them.
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import z3

from ...impl.esp_err import EspErr, OtaError
from ...impl.partitions.partition import Partition
from ...impl.program_end import Panic
from ...impl.release_rules import app_rules
from ...model.config import Config, Release
from ...proofs.refinement.symbolic_execution import SymBool, bits_of, explored_paths, merged
from ..theorems.expected_flash import word_of
from ..theorems.expected_side import RecordedConfig
from .call_inputs import GIVEN_OF_CALLS
from .expected_call import OpenSelection, RecordedRules, open_calls, open_selection
from .running_app import GIVEN_OF_RUNNING, running_partition

STATE_FUNCTION = "esp_ota_get_state_partition"


@dataclass(frozen=True, slots=True)
class RunningState:
    """What the call comes to."""

    panics: Any
    """Formula: an assertion fails."""
    code: Any
    """The esp_err_t, as a z3 bit-vector."""
    state: Any
    """The state, where there is one."""


@cache
def running_state() -> RunningState:
    """Return what impl's own call comes to; it reads neither options nor rules of a release."""
    recorded, rules = RecordedConfig(Config()), RecordedRules(app_rules(Release.V5_1))
    with open_calls():
        paths = explored_paths(partial(_asked, recorded, rules), z3.And(*GIVEN_OF_CALLS, GIVEN_OF_RUNNING), (Panic,))
    assert not recorded.read | rules.read
    panicking = [path.condition for path in paths if path.raised]
    told = [path for path in paths if not path.raised]

    def part(number: int) -> Any:
        return z3.simplify(merged(told, lambda path: path.result[number]))

    return RunningState(z3.simplify(z3.Or(*panicking)), part(0), part(1))


class SessionSelection(OpenSelection):
    """impl's calls, of which this one is a term."""

    def esp_ota_get_state_partition(self, partition: Partition | None) -> Any:
        """Return the state of the running app; raises Panic, and OtaError with any code."""
        known = running_state()
        if partition is not self._running:
            raise NotImplementedError("a session asks for the state of the running app alone")
        if SymBool(known.panics):
            raise Panic
        if SymBool(known.code != EspErr.OK):
            raise OtaError(EspErr.FAIL)
        return word_of(known.state)


def _asked(config: Any, rules: Any) -> tuple[Any, Any]:
    ota, _ = open_selection(OpenSelection, config)
    ota.rules = rules
    # Setting up reads the chip and the release; the call does not.
    config.read.clear()
    try:
        return z3.BitVecVal(EspErr.OK, 32), bits_of(ota.esp_ota_get_state_partition(running_partition()))
    except OtaError as error:
        return z3.BitVecVal(error.code, 32), z3.BitVecVal(0, 32)

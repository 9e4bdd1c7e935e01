"""Replay tokens: a device, an upgrade and one power cut in a line of text that plays anywhere.

A token carries everything that decides what happens, except the bytes of the images (campaign/noted_device.py). The
text is "otp1." and the base64url of a deflated JSON list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...impl.chip.flash import FailureExtent
from ...impl.chip.torn_operations import Torn
from ..device_under_test import DeviceUnderTest
from ..history.step import POWER_ON, Step, StepCut, StepFailure
from ..noted_device import NotedDevice, check_numbers, decode_device, device_of_note, encode_device, note_device
from ..token_packing import pack_token, unpack_token
from .script import Scenario
from .step_list import decode_steps, encode_steps

PREFIX = "otp1."
Again = tuple[StepCut | None, ...]
"""Further cuts, in the order of the power-ons that follow; None: after one that was over."""


@dataclass(frozen=True, slots=True)
class CutPoint:
    """Where the power fails in a script."""

    call_index: int
    op_index: int
    """The operation within the call; as many as it has for a cut in the eFuse burn after them."""
    torn: Torn | None
    """None: no operation is cut."""
    efuse_done: int | None = None
    """Bits of an eFuse burn that take effect; None when the cut is in flash, or between calls."""
    lie: FailureExtent | None = None
    """How much the operation did that reported success, for a reset after its call; None: no operation lied."""
    again: Again = ()
    """Where the power fails in the power-ons that follow, one after the other."""

    @property
    def step_cut(self) -> StepCut | None:
        """The same as a step carries it; None for a reset between calls."""
        if self.torn is not None:
            return StepCut(self.op_index, self.torn)
        return None if self.efuse_done is None else StepCut(0, efuse_done=self.efuse_done)

    def applied_to(self, step: Step) -> Step:
        """Return a step of the script as it is played with this."""
        failures = () if self.lie is None else (StepFailure(self.op_index, self.lie, is_silent=True),)
        return replace(step, cut=self.step_cut, failures=failures)

    @property
    def power_ons(self) -> tuple[Step, ...]:
        """The power-ons in which, or right after which, the power fails again."""
        return tuple(replace(POWER_ON, cut=cut) for cut in self.again)


@dataclass(frozen=True, slots=True)
class Token:
    """A replay token, taken apart."""

    claim_id: str
    scenario: Scenario | tuple[Step, ...]
    """The steps themselves, where they are a user's own."""
    cut: CutPoint
    device: NotedDevice


def make_token(dut: DeviceUnderTest, claim_id: str, scenario: Scenario | tuple[Step, ...], cut: CutPoint) -> Token:
    """Return the token of a cut in the script of a device."""
    return Token(claim_id, scenario, cut, note_device(dut))


def encode_token(token: Token) -> str:
    """Return the text of a token."""
    cut = token.cut
    at: list[object] = [cut.call_index, cut.op_index, None if cut.torn is None else str(cut.torn), cut.efuse_done]
    again = [_cut_of(further) for further in cut.again]
    at += [None if cut.lie is None else cut.lie.value, again] if again else [] if cut.lie is None else [cut.lie.value]
    scenario = encode_steps(token.scenario) if isinstance(token.scenario, tuple) else token.scenario.value
    return pack_token(PREFIX, [token.claim_id, scenario, at, *encode_device(token.device)])


def decode_token(text: str) -> Token:
    """Return the token that a text holds; raises InputError for anything else."""
    return unpack_token(PREFIX, text, _decode)


def _decode(record: Any) -> Token:
    claim_id, scenario, cut, *device = record
    call_index, op_index, torn, efuse_done, *more = cut
    lie, again = more if len(more) == 2 else (*more, []) if more else (None, [])
    check_numbers([call_index, op_index, efuse_done or 0])
    if not isinstance(claim_id, str) or not claim_id.isprintable():
        raise ValueError("a claim is no name")
    noted = decode_device(device)
    return Token(
        claim_id,
        decode_steps(scenario, len(noted.images)) if isinstance(scenario, list) else Scenario(scenario),
        CutPoint(
            call_index,
            op_index,
            None if torn is None else Torn.parse(torn),
            efuse_done,
            None if lie is None else FailureExtent(lie),
            tuple(_cut_from(further) for further in again),
        ),
        noted,
    )


def _cut_of(cut: StepCut | None) -> list[object] | None:
    return None if cut is None else [cut.op, None if cut.torn is None else str(cut.torn), cut.efuse_done]


def _cut_from(record: Any) -> StepCut | None:
    if record is None:
        return None
    op, torn, efuse_done = record
    check_numbers([op, efuse_done or 0])
    return StepCut(op, None if torn is None else Torn.parse(torn), efuse_done)


def dut_of_token(token: Token, files: Iterable[bytes] = ()) -> DeviceUnderTest:
    """Return the device of a token; of `files`, those whose digest it names take the place of built images."""
    return device_of_note(token.device, files)

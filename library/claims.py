"""Claims: those of otaproof, and the user's own, with the vocabulary that their two readings are written in.

A reading on the board is a function of an Observation: one power cut, and what follows it. A reading of the model is a
function of Scope and Device, and returns a term; `&`, `|`, `~` and `implies` take the place of Python's words.

    from otaproof.library.claims import OwnClaim, Task

    never_stuck = OwnClaim(
        id="X1",
        sentence="Something boots.",
        on_board=lambda after: after.future.boot.partition is not None,
        in_model=lambda scope, device: device.task != Task.STUCK,
    )
"""

from ..model.claims.claims import CLAIMS, Claim, Verdict
from ..model.claims.cut_claims import CUT_CLAIMS, CutClaim
from ..model.claims.observation import NEW, TESTING, VALID, Boot, Future, Note, Observation, Rollback, Upgrade
from ..model.claims.own_claim import OwnClaim
from ..model.claims.severity import Harm
from ..model.claims.state_claims import DEVICE_CLAIMS, DeviceClaim
from ..model.device.device_parts import efuse_version, slot_at
from ..model.device.image_loading import is_slot
from ..model.device.model import DeviceModel
from ..model.device.records import Word, active, reported_word
from ..model.device.selection import boot_choice, boot_partition, device_after_boot, next_update_slot
from ..model.device.state import Content, Device, Expectation, Scope, Slot, Task
from ..model.terms.terms import Bool, Num, all_of, any_of, choose, fact, number

__all__ = [
    "CLAIMS",
    "CUT_CLAIMS",
    "DEVICE_CLAIMS",
    "NEW",
    "TESTING",
    "VALID",
    "Bool",
    "Boot",
    "Claim",
    "Content",
    "CutClaim",
    "Device",
    "DeviceClaim",
    "DeviceModel",
    "Expectation",
    "Future",
    "Harm",
    "Note",
    "Num",
    "Observation",
    "OwnClaim",
    "Rollback",
    "Scope",
    "Slot",
    "Task",
    "Upgrade",
    "Verdict",
    "Word",
    "active",
    "all_of",
    "any_of",
    "boot_choice",
    "boot_partition",
    "choose",
    "device_after_boot",
    "efuse_version",
    "fact",
    "is_slot",
    "next_update_slot",
    "number",
    "reported_word",
    "slot_at",
]

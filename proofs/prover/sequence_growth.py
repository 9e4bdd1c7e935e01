"""C12: how fast the sequence number grows, and why flash wears out first.

A record with a new number costs the erase of a sector. The new number is above the active one by less than the number
of slots, which both solvers confirm for the model's own rule. So the erases that two sectors can endure bound the
number, far below 0xFFFFFFFF. That a number begins at 1 … slots, and the rule itself, are lemmas of seq_lemmas.py.
"""

from ...model.device.model import Field, device_model
from ...model.device.records import Record, next_seq
from ...model.device.state import Scope
from ...model.flash_endurance import ENDURANCE, highest_number
from ...model.terms.terms import all_of, num_field, number
from ..smt.smtlib import Question
from ..smt.verification_condition import Condition

GROWTH = "C12"
"""Id of the claim decided here."""
ERASED = 0xFFFFFFFF
"""The number that counts as erased."""
_FIELDS = (Field("current", 32, 0), Field("current_slot", 5, 0), Field("slot", 5, 0))


def growth_condition(scope: Scope) -> Condition:
    """Return the question whether some number grows by as many as there are slots, or more, in one step."""
    current = Record(number(2, 2), number(2, 3), num_field("current_slot", 5), num_field("current", 32))
    slot = num_field("slot", 5)
    after = next_seq(current, slot, scope.slots)
    premise = all_of((current.slot < scope.slots, slot < scope.slots, current.seq < ERASED - scope.slots))
    grown = premise & ~((after - current.seq) < scope.slots)
    question = Question(device_model(scope), fields=_FIELDS)
    question.require(question.term(grown))
    return Condition("C12_growth", question.text(), "unsat")


def growth_detail(scope: Scope) -> str:
    """Return in one line how far the number can get."""
    highest = highest_number(scope.slots)
    return f"at most 0x{highest:X} after {ENDURANCE:,} erases of each sector" if highest < ERASED else "it can wrap"

"""What a device model by turns says of its states, where it is asked otherwise than one of ESP-IDF's."""

from ...model.device.by_turns.turns_steps import is_kept_by_state, tasks_that_write
from ...model.device.calls import told_word
from ...model.device.records import Word
from ...model.device.stepper import State, Stepper
from ...model.slot.situation import State as SlotState
from .slot_moves import READINGS


class TurnAnswers:
    """Answers for one model; a state of it is asked for each."""

    def __init__(self, stepper: Stepper) -> None:
        """Take the model."""
        scope, device = stepper.model.scope, stepper.model.device
        self.writes = tasks_that_write(scope)
        """The tasks that write a record: they erase its sector, program all but its check word, then that."""
        # The states come from the model: what runs on trial is told to be, which no record says by itself.
        told = [part for slot in range(scope.slots) for part in told_word(scope, device, slot)]
        self._told = stepper.function(told)
        self._refuses_bytes = stepper.function([is_kept_by_state(scope, device)])

    def told(self, state: State) -> tuple[str, ...]:
        """Return the state that info() has of each slot."""
        found = iter(self._told(state))
        pairs = zip(found, found, strict=True)
        return tuple((READINGS[Word(word)] if is_named else SlotState.NONE).value for is_named, word in pairs)

    def refuses_bytes(self, state: State) -> bool:
        """Tell whether the slot of the session takes no byte, as it was selected since the session began."""
        return bool(self._refuses_bytes(state)[0])

"""The otadata records that writers from outside make of what otadata holds, and what to say of each.

Slots go by ota_0, ota_1, …. Who writes what is told in model/writers.py.
"""

from collections.abc import Iterator

from ...impl.otadata import SEQ_EMPTY, EntryPair, is_crc_right, next_seq, slot_of_seq
from ...model.ota_state import OtaImgState, state_name
from .step import Step, StepName

_SLOTS_OF_OTHERS = 2
"""OTA slots that NuttX and esp-hal know of."""


def _record(sector: int, seq: int, state: int) -> Step:
    return Step(StepName.WRITE_RECORD, sector=sector, seq=seq, state=state)


def by_otatool(entries: EntryPair, count: int) -> Iterator[tuple[Step, str]]:
    """Yield what `otatool.py switch_ota_partition` may write. Source: IDF-OTATOOL-SWITCH."""
    # It goes by the check words alone: a record that was rejected can be the newest.
    whole = [number for number, e in enumerate(entries) if is_crc_right(e) and e.ota_seq != SEQ_EMPTY]
    newest = max(whole, key=lambda number: (entries[number].ota_seq, -number), default=None)
    sector = 1 if newest == 0 else 0
    state = entries[sector].ota_state
    kept = "" if state == OtaImgState.UNDEFINED else "; the state is that of the record which lay there before"
    for slot in range(count):
        seq = slot + 1 if newest is None else next_seq(entries[newest].ota_seq, slot, count)
        yield _record(sector, seq, state), f"otatool.py switches to ota_{slot}{kept}"


def by_nuttx(entries: EntryPair, count: int) -> Iterator[tuple[Step, str]]:
    """Yield what NuttX may write; the label, which it leaves to chance, is blank here. Source: NUTTX-OTA."""
    numbers = [e.ota_seq for e in entries if e.ota_seq != SEQ_EMPTY and e.ota_state == OtaImgState.VALID]
    for slot in range(min(count, _SLOTS_OF_OTHERS)):
        seq = max(numbers) + 1 if numbers else slot + 1
        if slot_of_seq(seq, _SLOTS_OF_OTHERS) == slot:
            yield _record(slot, seq, OtaImgState.VALID), f"NuttX selects ota_{slot}, which it calls VALID at once"


def by_esp_hal(entries: EntryPair, count: int) -> Iterator[tuple[Step, str]]:
    """Yield what esp-hal may write, with the states that its users set. Source: ESP-HAL-OTA."""
    seq = max((entry.ota_seq for entry in entries if entry.ota_seq != SEQ_EMPTY), default=0) + 1
    for slot in range(min(count, _SLOTS_OF_OTHERS)):
        for state in dict.fromkeys((entries[slot].ota_state, OtaImgState.NEW, OtaImgState.VALID)):
            named = slot_of_seq(seq, count)
            amiss = "" if named == slot else f"; but its number names ota_{named}"
            yield _record(slot, seq, state), f"esp-hal selects ota_{slot}, with state {state_name(state)}{amiss}"

"""A replay token as a sequence diagram between application, otaupgrade, esp_ota, flash and bootloader."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from ...campaign.history.history_replay import replay_history
from ...campaign.history.history_token import HISTORY_PREFIX, decode_history_token
from ...campaign.operation_text import describe_ops
from ...campaign.upgrade.upgrade_replay import replay
from ...campaign.upgrade.upgrade_token import decode_token, dut_of_token
from ...model.call_names import CALL_FUNCTIONS
from ...model.claims.claims import claim
from ...model.claims.observation import Boot
from ..drawing.canvas import Drawing
from ..drawing.palette import Tone
from ..drawing.sequence import Message, Remark, Sequence
from .records_drawing import layout_drawing

SAMPLE = (
    "otp1.eNpdkM1qxDAMhN9FZxEs_2idvfYxjFmcxl1KTRK8Ti-l7145dFPoRSC-YWakAC8WEPbtXtOcAYNFhZDeWq6Ay15KxC-oaylTev2Aa6t7"
    "Frxtt5pLTo8MV3CDE4dpXVtZxaP-Q99II7PyGAIsnw9AQo2GPVskNl7yIgZYW5pTS50qdEZbj55GfcKbAgHEyM6Z5zwhHfCCZEhd9Ek7lmoQ"
    "e3bdl-V9uUuCVnIiDWo4PIHJzJb11GXyCKmR_0T0K8qenXWGIB5mz0ay9cJWjRx_ADgtVy8"
)
"""Two slots, rollback on: a power cut while NEW is rewritten as PENDING_VERIFY loses the update (C4)."""

_ENDINGS = ("NOTHING BOOTS", "panics", "never ends", "no application runs that could call")
"""Results after which no program runs."""
_MOST_OPS = 6
"""The most flash operations of a call that are drawn one by one."""


class ReplayStep(Protocol):
    """A step of a replay, of either kind of token."""

    @property
    def text(self) -> str:
        """What was done, and its result."""

    @property
    def is_cut(self) -> bool:
        """The power was cut in this step."""


def trace_drawing(text: str = SAMPLE) -> Drawing:
    """Return the sequence diagram of a token; raises InputError for an invalid one."""
    if text.strip().startswith(HISTORY_PREFIX):
        history = decode_history_token(text)
        steps = replay_history(history.history).steps
        events = [event for step in steps for event in _events(step, describe_ops(step.ops))]
        end = f"{history.shows}: {history.outcome.value}"
        end += "" if history.running is None else f", {history.running} runs"
        return _sequence(history.shows, [*events, Remark(end, Tone.RED)]).drawing()
    token = decode_token(text)
    played = replay(token, dut_of_token(token))
    events = [event for step in played.steps for event in _events(step, describe_ops(step.ops))]
    future = played.observation.future
    events += [*_boot("power_on()", future.boot)]
    if future.idle_boot is not None:
        events += [*_boot("power_on() again, nothing called", future.idle_boot)]
    events.append(_verdict(token.claim_id, played.is_claim_kept))
    return _sequence(token.claim_id, events).drawing()


def _verdict(claim_id: str, is_kept: bool | None) -> Remark:
    """Return what is said of the claim at the end; of one of the user's own, that the token does not tell."""
    if is_kept is None:
        return Remark(f"{claim_id}, a claim of your own, is not judged", Tone.GREEN)
    verdict, tone = ("holds here", Tone.GREEN) if is_kept else ("is violated", Tone.RED)
    return Remark(f"{claim_id} {claim(claim_id).name} {verdict}", tone)


def token_layout(text: str) -> Drawing:
    """Return the drawing of the partition table of a token's device."""
    if text.strip().startswith(HISTORY_PREFIX):
        dut = decode_history_token(text).history.dut
        table, size, config = dut.table, dut.cells.size, dut.config
    else:
        device = decode_token(text).device
        table, size, config = device.table, device.flash_size, device.config
    return layout_drawing(
        "partition-layout", table, size, config.table_offset, "The partitions of the device, to scale"
    )


def _sequence(shows: str, events: Iterable[Message | Remark]) -> Sequence:
    events = tuple(events)
    content = "; ".join(e.text if isinstance(e, Remark) else f"{e.source} to {e.goal}: {e.text}" for e in events)
    return Sequence("trace", f"A trace that shows {shows}", f"In the order of time: {content}.", events)


def _events(step: ReplayStep, ops: str) -> Iterator[Message | Remark]:
    call, _, result = step.text.partition(": ")
    name = call.partition("(")[0]
    operations = _folded([part for part in ops.split(", ") if part])
    writer = "esp_ota"
    if name in CALL_FUNCTIONS:
        caller = "otaupgrade"
        yield Message("application", "otaupgrade", call)
        for function in CALL_FUNCTIONS[name]:
            yield Message("otaupgrade", "esp_ota", f"{function}()" if len(function) < 26 else f"{function[8:]}()")
        # The replay of many writes reports only their number.
        operations = operations or (["program pages"] if name == "write" and not step.is_cut else [])
    elif name.startswith("esp_ota"):
        caller = "esp_ota"
        yield Message("application", "esp_ota", call.removeprefix("esp_ota_"))
    else:
        caller = writer = "bootloader"
        yield Remark(call, Tone.RED if step.is_cut and not result else Tone.PLAIN)
    yield from (Message(writer, "flash", operation) for operation in operations)
    if result:
        yield _end(caller, result, step.is_cut)


def _end(caller: str, result: str, is_cut: bool) -> Message | Remark:
    """Return the message or remark that ends a step."""
    if is_cut or result in _ENDINGS:
        return Remark(result, Tone.RED)
    if caller == "bootloader":
        return Message("bootloader", "application", result)
    if result == "restarts":
        return Message(caller, "bootloader", "esp_restart()")
    return Message(caller, "application", result, is_answer=True)


def _boot(call: str, boot: Boot) -> Iterator[Message | Remark]:
    yield Remark(call)
    if boot.partition is None:
        yield Remark("nothing boots", Tone.RED)
        return
    tested = ", under test" if boot.is_under_test else ""
    yield Message("bootloader", "application", f"{boot.partition} boots ({boot.image or 'no whole image'}{tested})")


def _folded(operations: list[str]) -> list[str]:
    if len(operations) <= _MOST_OPS:
        return operations
    rest = len(operations) - _MOST_OPS + 1
    return [*operations[: _MOST_OPS - 1], f"{rest} more operations"]

"""The C of a host test: what happens to the device, and in a function of its own each run of the application."""

import textwrap
from collections.abc import Iterator

from ...campaign.history.history import History
from ...campaign.history.player import Played, StepOutcome
from ...campaign.history.step import TOOL_STEPS, WRITE_STEPS, Step, StepName
from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN
from ...impl.partitions.partition import Partition
from ...impl.program_end import PowerCut
from .call_log import VERIFIES, Argument, LoggedStep, LoggingPlayer, OtaCall
from .cut_cycles import cycles_before_cut
from .refusal import HostTestRefused

_ENDS = {StepOutcome.RESTARTED: "RESTARTS", StepOutcome.CUT: "POWER_FAILS"}
"""What ends a run of the application, beside the end of the history and a reset from outside."""
_OPENS = ("esp_ota_begin", "esp_ota_resume")
_LEAVES_OTADATA = ("esp_ota_write", "esp_ota_write_with_offset", "esp_ota_end", "esp_ota_abort")
_MOST_HANDLES = 15
"""Sessions of one run that the C has room for."""
WIDTH = 78
Records = tuple[bytes, bytes]


class TraceCode:
    """The lines of a history: those of the test, and those of each run."""

    def __init__(self, history: History) -> None:
        """Write all of it; raises HostTestRefused."""
        self.history = history
        self.body: list[str] = []
        """The lines of the test."""
        self.runs: list[tuple[str, list[str]]] = []
        """The partition that each run is from, and its lines."""
        self.records: list[Records] = []
        """What otadata holds at some time; lines refer to them by their number here."""
        self.images: set[int] = set()
        """Numbers of the images that lines refer to."""
        self._run: list[str] | None = None
        self._end = "RETURNS"
        self._whole: tuple[str, ...] = ()
        self._newest_handle = 0
        self._otadata = history.device.entries
        """What otadata holds where the lines have come to."""
        for label, image in history.device.holds:
            self._flash(label, image)
        self.body.append(f"set_otadata({self._name_of(self._otadata)});")
        player = LoggingPlayer(history)
        for number, step in enumerate(history.steps, 1):
            whole = self._played_whole(number) if step.cut is not None and player.app is not None else None
            self._add(number, player.play_logged(step), whole)
        self._end_run()

    def _played_whole(self, number: int) -> Played:
        """Return a step of the history, played without its cut."""
        player = LoggingPlayer(self.history)
        for step in self.history.steps[: number - 1]:
            player.play_logged(step)
        return player.play_whole(self.history.steps[number - 1]).played

    def _add(self, number: int, logged: LoggedStep, whole: Played | None) -> None:
        played, step = logged.played, logged.played.step
        if played.outcome in (StepOutcome.PANICKED, StepOutcome.HUNG):
            raise HostTestRefused(f"the program ends in {step}: it {played.outcome.value}")
        remark = comment(f"{number}. {step}{_outcome(played)}")
        if step.name in (StepName.RESET, StepName.POWER_OFF, *TOOL_STEPS):
            self._end_run()
            self.body += ["", *remark]
            self._add_from_outside(played)
        elif self._run is None:
            self.body += remark
        else:
            self._run += ["", *remark] if self._run else remark
            for call in logged.calls:
                self._run += self._lines_of(call, played, whole)
            if played.outcome is StepOutcome.RESTARTED and not any(call.end for call in logged.calls):
                self._run.append("ends(RESTARTS);")
            self._end = _ENDS.get(played.outcome, self._end)
        self._otadata = self._entries_after(played)

    def _add_from_outside(self, played: Played) -> None:
        """Add what the bootloader does, or a tool."""
        step = played.step
        if step.name in (StepName.FLASH_SLOT, StepName.UPLOAD):
            home = "factory" if self.history.device.has_factory else "ota_0"
            self._flash(step.label or home, step.image or 0)
        after = self._entries_after(played)
        if after != self._otadata:
            self.body.append(f"set_otadata({self._name_of(after)});")
        if step.name is StepName.RESET and played.running is not None:
            self._run, self._end, self._whole, self._newest_handle = [], "RETURNS", (), 0
            self.runs.append((played.running, self._run))

    def _end_run(self) -> None:
        """Add the run that has been written to the test; one without calls is none."""
        if self._run is None:
            return
        label = self.runs[-1][0]
        if any(line.endswith(";") for line in self._run):
            run = f"run_{len(self.runs)}"
            self.body.append(f'TEST_ASSERT_EQUAL_INT({self._end}, run_from("{label}", {run}));')
            self.body.append(f"TEST_ASSERT_TRUE(is_otadata({self._name_of(self._otadata)}));")
        else:
            self.body += self._run
            self.runs.pop()
        self._run = None

    def _lines_of(self, call: OtaCall, played: Played, whole: Played | None) -> Iterator[str]:
        if call.name in VERIFIES and call.whole != self._whole:
            self._whole = call.whole
            yield f'images_are_whole_in(",{",".join(call.whole)},");'
        if call.name == "esp_ota_get_next_update_partition":
            label = call.result.label if isinstance(call.result, Partition) else "none"
            yield f'PARTITION_IS("{label}", {call.name}(NULL));'
            return
        text = f"{call.name}({', '.join(self._arguments(call, played.step))})"
        if call.end == PowerCut.__name__:
            assert whole is not None
            count = cycles_before_cut(played, whole, call.first_op)
            yield f"esp_partition_fail_after({count}, ESP_PARTITION_FAIL_AFTER_MODE_BOTH);"
            yield from wrapped(f"POWER_FAILS_IN({text});")
            return
        yield from wrapped(f"CALL({call.error.code_name}, {text});")
        if not call.end and call.name not in _LEAVES_OTADATA and call.entries is not None:
            yield f"OTADATA_IS({self._name_of(call.entries)});"

    def _arguments(self, call: OtaCall, step: Step) -> Iterator[str]:
        first, *others = call.arguments or (None,)
        if call.name in _OPENS:
            self._newest_handle = call.result if isinstance(call.result, int) else self._newest_handle + 1
            yield from map(_argument, call.arguments)
            yield f"&{_handle(self._newest_handle)}"
        elif step.name in WRITE_STEPS:
            assert isinstance(first, int) and isinstance(others[0], bytes)
            self.images.add(step.image or 0)
            start = f" + {step.offset}" if step.offset and others[0] else ""
            yield from (_handle(first), f"image_{step.image}{start}", str(len(others[0])))
            yield from map(_argument, others[1:])
        elif call.name in _LEAVES_OTADATA:
            assert isinstance(first, int)
            yield _handle(first)
        else:
            yield from map(_argument, call.arguments)

    def _flash(self, label: str, image: int) -> None:
        self.images.add(image)
        self.body.append(f'flash_image("{label}", image_{image}, sizeof(image_{image}));')

    def _entries_after(self, played: Played) -> Records:
        entries = self.history.dut.entries(played.after.cells)
        assert entries is not None
        return entries

    def _name_of(self, entries: Records) -> str:
        if entries not in self.records:
            self.records.append(entries)
        return f"records[{self.records.index(entries)}]"


def comment(text: str) -> list[str]:
    """Return a text as lines of a C comment, which it cannot end."""
    lines = textwrap.wrap(text.replace("*/", "* /"), WIDTH - 10)
    return [("/* " if not number else "   ") + line for number, line in enumerate(lines[:-1])] + [
        ("/* " if len(lines) == 1 else "   ") + lines[-1] + " */"
    ]


def wrapped(line: str) -> list[str]:
    """Return a statement in lines that are not too long. It has no blank within a text."""
    return textwrap.wrap(line, WIDTH - 4, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _outcome(played: Played) -> str:
    if played.outcome is StepOutcome.CUT:
        return f": the power fails in {played.step.cut}"
    if played.step.name is StepName.RESET:
        return ": nothing starts" if played.running is None else f": {played.running} starts"
    return "" if played.error is None else f": {played.error}"


def _handle(number: int) -> str:
    if number > _MOST_HANDLES:
        raise HostTestRefused(f"a run of the application opens more than {_MOST_HANDLES} updates")
    return f"handle[{number}]" if number else "0"


def _argument(value: Argument) -> str:
    if isinstance(value, Partition):
        return f'partition("{value.label}")'
    if value == OTA_SIZE_UNKNOWN:
        return "OTA_SIZE_UNKNOWN"
    return "NULL" if value is None else str(value)

"""Every decoder of what strangers bring, as a function of bytes: one target each, for all fuzzers.

A target raises nothing but what a command tells in one line; the command line as a whole raises nothing at all.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fuzzing import seed_inputs
from fuzzing.command_line import run_command
from fuzzing.project_folder import read_folder
from fuzzing.seed_inputs import Seeds
from otaproof.analysis.results.diff_result import diff_replay_result
from otaproof.analysis.shipped_verdicts import parse as parse_verdicts
from otaproof.analysis.token_subject import case_of
from otaproof.binary.recovery.otadata_writers import rewrites_states
from otaproof.bounded_input import json_value, shortened, shown, unpacked
from otaproof.campaign.conformance.recording import Recording, parse_layout
from otaproof.campaign.conformance.vector_replay import replay_vector
from otaproof.campaign.conformance.vectors import parse_vector
from otaproof.campaign.explain.entries import read_entries
from otaproof.campaign.explain.explanation import explain, slot_names
from otaproof.campaign.explain.mending import BrokenFlash, mend
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import HISTORY_PREFIX, decode_history_token
from otaproof.campaign.lockstep.board_difference import PAIR_PREFIX, decode_pair
from otaproof.campaign.token_packing import pack_text
from otaproof.campaign.unsafe_update.session_replay import replay_session
from otaproof.campaign.unsafe_update.session_token import SESSION_PREFIX, decode_session_token, session_of_token
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import PREFIX, decode_token, dut_of_token
from otaproof.errors import InputError
from otaproof.examples.shipped_example import VECTORS
from otaproof.impl.partitions.csv_format import CsvPlaces, format_csv, parse_csv
from otaproof.impl.partitions.table import TableError, decode_table, load_partitions
from otaproof.model.config import Chip, Config, Release
from otaproof.project.check_policy import baseline_text, parse_baseline, parse_check_file
from otaproof.project.device_builder import image_size
from otaproof.project.files import parse_table, verify_contents
from otaproof.project.flash_parts import PartKind, image_segments
from otaproof.project.flash_reading import otadata_state, parse_dump, parse_flash
from otaproof.project.identified_parts import identify_parts
from otaproof.project.image_evidence import app_evidence, bootloader_evidence
from otaproof.project.lenient_table import read_csv
from otaproof.project.release_text import read_release
from otaproof.project.sdkconfig_file import parse_options
from otaproof.project.settings import read_settings

EXPECTED = (InputError, TableError)
"""What a command tells in one line."""
_FILE = Path("input")
_PLACES = CsvPlaces(0x8000, 0x1000, environment={"HOME": "0x20000"})


@dataclass(frozen=True, slots=True)
class Decoder:
    """One target."""

    name: str
    decode: Callable[[bytes], object]
    """Reads an input; raises one of EXPECTED for a bad one, and nothing else for any."""
    seeds: Callable[[], Seeds]
    needs: str = ""
    """The module that an optional dependency brings; the target is left out without it."""


def answer(decoder: Decoder, data: bytes) -> str:
    """Return how an input was answered: "ok", or the kind of the error and the shape of its message.

    Raises what no decoder may raise."""
    try:
        decoder.decode(data)
    except EXPECTED as error:
        return str(error)
    return "ok"


def _partition_csv(data: bytes) -> None:
    table = parse_csv(data, _PLACES)
    # What was read can be written, and is read as the same table, unless a label holds what ends a field.
    if table and all(not set(p.label) & set(",#$\r\n") and p.label.strip() == p.label for p in table):
        format_csv(table)


def _partition_csv_leniently(data: bytes) -> None:
    read_csv(data, _PLACES, "input")


def _partition_table(data: bytes) -> None:
    for release in (Release.V4_4, max(Release)):
        with suppress(TableError):
            decode_table(data[:0xC00], 0x400000, release)
        with suppress(TableError):
            load_partitions(data[:0x1000], release, needs_md5=False)
    if data:
        parse_table(data, _PLACES)


def _option_file(data: bytes) -> None:
    read_settings(parse_options(data, "input"))


def _otadata(data: bytes) -> None:
    raw = data.ljust(0x2000, b"\xff")[:0x2000]
    otadata_state(raw, "input")
    read_entries((raw[:0x1000], raw[0x1000:]), slot_names(seed_inputs.TABLE))


def _image(data: bytes) -> None:
    if not data:
        raise InputError("input: is empty")
    app_evidence(data, "input")
    bootloader_evidence(data, "input")
    for release in (Release.V4_4, max(Release)):
        verify_contents(_FILE, data, Config(app_release=release, chip=Chip.ESP32, anti_rollback=True, rollback=True))


def _identified(data: bytes) -> None:
    for part in identify_parts(data):
        assert part.part.offset + part.part.size <= len(data) or part.part.kind is PartKind.TABLE
        loaded = [(s.load_addr, raw) for s, raw in image_segments(data[part.part.offset :]) or () if raw]
        for is_xtensa in (False, True):
            rewrites_states(loaded, is_xtensa)


def _flash_dump(data: bytes) -> None:
    # Cut to whole sectors, as another length is refused before anything is read.
    cells = parse_dump(data.ljust(-(-len(data) // 0x1000) * 0x1000, b"\xff"), _FILE)
    parse_flash(cells, _FILE)
    config = Config(rollback=True)
    mend(BrokenFlash(cells, (config,), 0, (explain(cells, config),)), None)


def _gzip(data: bytes) -> None:
    unpacked(_FILE, data, 1 << 20)


def _json(data: bytes) -> None:
    shown(shortened(json_value(data, "input")))


@cache
def _recording() -> Recording:
    return Recording(VECTORS, follows_outside=True)


def _vector(data: bytes) -> None:
    record = json_value(data, "input line 1")
    if not isinstance(record, dict):
        raise InputError("input line 1: want one JSON object a line")
    replay_vector(parse_vector(record, _recording(), "input line 1"))


def _layout(data: bytes) -> None:
    layout = parse_layout("input", json_value(data, "input"), "input")
    layout.entry_offsets()


def _token_text(prefix: str, data: bytes) -> str:
    """Return a token: the data where that is one, else one that holds the data."""
    text = data.decode("utf-8", "replace")
    return text if text.startswith("ot") else pack_text(prefix, data)


def _cut_token(data: bytes) -> None:
    decode_token(_token_text(PREFIX, data))


def _cut_replay(data: bytes) -> None:
    token = decode_token(_token_text(PREFIX, data))
    replay(token, dut_of_token(token))


def _session_token(data: bytes) -> None:
    decode_session_token(_token_text(SESSION_PREFIX, data))


def _session_replay(data: bytes) -> None:
    token = decode_session_token(_token_text(SESSION_PREFIX, data))
    replay_session(token, session_of_token(token))


def _history_token(data: bytes) -> None:
    case_of(decode_history_token(_token_text(HISTORY_PREFIX, data)))


def _history_replay(data: bytes) -> None:
    replay_history(decode_history_token(_token_text(HISTORY_PREFIX, data)).history)


def _pair_replay(data: bytes) -> None:
    left, right = (replay_history(token.history) for token in decode_pair(_token_text(PAIR_PREFIX, data)))
    diff_replay_result(left, right)


def _run_token(data: bytes) -> None:
    from otaproof.binary.emulator.run_token import PREFIX as RUN_PREFIX
    from otaproof.binary.emulator.run_token import decode_run_token

    decode_run_token(_token_text(RUN_PREFIX, data))


def _elf_file(data: bytes) -> None:
    from otaproof.binary.elf_file import parse_bootloader_elf

    parse_bootloader_elf(data, "input")


def _object_archive(data: bytes) -> None:
    from otaproof.binary.linking.object_linker import link_objects

    link_objects(data, "input")


def _program_image(data: bytes) -> None:
    from otaproof.binary.recovery.program_image import read_image

    read_image(data, "input")


def _verdict_file(data: bytes) -> None:
    parse_verdicts(data.decode("utf-8", "replace"))


def _check_policy(data: bytes) -> None:
    for is_shared in (False, True):
        with suppress(InputError):
            parse_check_file(data, "input", is_shared)


def _baseline(data: bytes) -> None:
    found = parse_baseline(data, "input")
    assert found == parse_baseline(baseline_text(found).encode(), "written")


def _release(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with suppress(InputError):
        image_size(text)
    read_release(text, "--idf")


DECODERS: Mapping[str, Decoder] = {
    decoder.name: decoder
    for decoder in (
        Decoder("partition_csv", _partition_csv, seed_inputs.table_csvs),
        Decoder("partition_csv_leniently", _partition_csv_leniently, seed_inputs.table_csvs),
        Decoder("partition_table", _partition_table, seed_inputs.tables),
        Decoder("option_file", _option_file, seed_inputs.option_files),
        Decoder("otadata", _otadata, seed_inputs.otadata),
        Decoder("image", _image, seed_inputs.images),
        Decoder("identified", _identified, seed_inputs.identified),
        Decoder("flash_dump", _flash_dump, seed_inputs.dumps),
        Decoder("gzip", _gzip, seed_inputs.packed),
        Decoder("json", _json, seed_inputs.json_texts),
        Decoder("vector", _vector, seed_inputs.vectors),
        Decoder("layout", _layout, seed_inputs.layouts),
        Decoder("cut_token", _cut_token, seed_inputs.cut_tokens),
        Decoder("cut_replay", _cut_replay, seed_inputs.cut_tokens),
        Decoder("session_token", _session_token, seed_inputs.session_tokens),
        Decoder("session_replay", _session_replay, seed_inputs.session_tokens),
        Decoder("history_token", _history_token, seed_inputs.history_tokens),
        Decoder("history_replay", _history_replay, seed_inputs.history_tokens),
        Decoder("pair_replay", _pair_replay, seed_inputs.pair_tokens),
        Decoder("run_token", _run_token, seed_inputs.run_tokens, needs="unicorn"),
        Decoder("elf_file", _elf_file, seed_inputs.elf_files, needs="elftools"),
        Decoder("object_archive", _object_archive, seed_inputs.object_archives, needs="elftools"),
        Decoder("program_image", _program_image, seed_inputs.program_images, needs="elftools"),
        Decoder("verdict_file", _verdict_file, seed_inputs.verdict_files),
        Decoder("check_policy", _check_policy, seed_inputs.check_policies),
        Decoder("baseline", _baseline, seed_inputs.baselines),
        Decoder("release", _release, seed_inputs.releases),
        Decoder("project_folder", read_folder, seed_inputs.projects),
        Decoder("command_line", run_command, seed_inputs.command_lines),
    )
}
"""By name; fuzz_NAME.py is its target for atheris."""

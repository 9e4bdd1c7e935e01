"""Every decoder answers anything in one line: a short run of what `make fuzz-inputs` does at length."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing.input_decoders import DECODERS, Decoder, answer
from fuzzing.long_run import chosen
from fuzzing.mutation import mutated
from places import ROOT

KEPT = ROOT / "tests/fuzzing/kept"
"""Inputs that failed once, a folder for each decoder."""
SLOW = {"command_line": 25, "project_folder": 60, "elf_file": 60, "object_archive": 60, "flash_dump": 60}
"""Decoders of which a short run has fewer inputs than the others."""
every_decoder = pytest.mark.parametrize("decoder", chosen(()), ids=lambda decoder: decoder.name)


@every_decoder
def test_seeds_are_accepted(decoder: Decoder) -> None:
    """Fuzzing begins behind the first check of a decoder, not before it."""
    assert "ok" in {answer(decoder, seed) for seed in decoder.seeds()}


@every_decoder
def test_anything_is_answered_in_one_line(decoder: Decoder) -> None:
    """Nothing but what a command tells is raised, and that is one printable line."""
    seeds = decoder.seeds()
    made = st.builds(
        lambda number, place: mutated(seeds[place], seeds, Random(number)),
        st.integers(0, 2**32),
        st.integers(0, len(seeds) - 1),
    )

    @settings(max_examples=SLOW.get(decoder.name, 150))
    @given(st.binary(max_size=200) | made)
    def holds(data: bytes) -> None:
        answer(decoder, data)

    holds()


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_failed_once_is_answered(path: Path) -> None:
    """Each input that a fuzzer found stays a test."""
    decoder = DECODERS[path.parent.name]
    if decoder.needs:
        pytest.importorskip(decoder.needs)
    answer(decoder, path.read_bytes())

"""Writes the seeds of every decoder, a folder for each: `python tests/fuzzing/seed_corpora.py DIRECTORY`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing.input_decoders import DECODERS


def write_corpora(directory: Path) -> None:
    """Write the corpora."""
    for name, decoder in DECODERS.items():
        folder = directory / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, contents in enumerate(decoder.seeds()):
            (folder / f"{number:02}").write_bytes(contents)


if __name__ == "__main__":
    write_corpora(Path(sys.argv[1]))

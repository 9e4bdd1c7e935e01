"""Target of atheris: check_policy of input_decoders.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing.atheris_target import fuzz_decoder

if __name__ == "__main__":
    fuzz_decoder("check_policy")

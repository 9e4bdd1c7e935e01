"""One decoder as a target of atheris, which OSS-Fuzz and ClusterFuzzLite run: fuzz_NAME.py calls it with its name."""

import sys

import atheris

with atheris.instrument_imports(include=["otaproof"]):
    from fuzzing.input_decoders import DECODERS, answer


def fuzz_decoder(name: str) -> None:
    """Fuzz a decoder until it raises what none may raise, or until libFuzzer's limits (-runs, -max_total_time)."""
    decoder = DECODERS[name]

    def try_input(data: bytes) -> None:
        answer(decoder, data)

    atheris.Setup(sys.argv, try_input)
    atheris.Fuzz()

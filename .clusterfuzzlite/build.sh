#!/bin/bash -eu
# Builds a target and a seed corpus for each decoder into $OUT, as OSS-Fuzz and ClusterFuzzLite want them.
cd "$SRC/otaproof"
python3 -m pip install ".[binary]"
python3 tests/fuzzing/seed_corpora.py "$WORK/corpora"
for target in tests/fuzzing/fuzz_*.py; do
    name=$(basename "$target" .py)
    compile_python_fuzzer "$target" --paths tests --collect-all otaproof
    zip -q -j "$OUT/${name}_seed_corpus.zip" "$WORK/corpora/${name#fuzz_}"/*
done

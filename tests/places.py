"""Where things lie: the repository, its test data, and the data that may lie beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data"
RECORDED = DATA / "vectors"
"""Recordings of ESP-IDF's own C code."""
SHARED = ROOT.parent / "shared"
"""More of them, firmware and projects. Not part of the repository: without it a test that reads them is skipped."""
REAL = SHARED / "real"

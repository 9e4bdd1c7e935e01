"""Write the pages of docs/spec; `--verdicts` and `--proofs` first compute what they rest on, which takes a while.

    python docs/build_spec.py [--verdicts] [--proofs] [--check]

`--check` writes nothing and ends with exit code 1 when a page is not what it would write.
"""

import argparse
import sys
from pathlib import Path

from spec_generator import proof_tables, verdict_tables
from spec_generator.pages import differences, write_pages
from spec_generator.spec_page import ROOT

SPEC = ROOT / "docs" / "spec"


def main() -> int:
    """Do what the options say; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the pages of docs/spec.")
    parser.add_argument("--verdicts", action="store_true", help="compute docs/spec/verdicts.json first (20 min)")
    parser.add_argument("--proofs", action="store_true", help="compute docs/spec/proofs.json first (10 min)")
    parser.add_argument("--check", action="store_true", help="only say which pages are out of date")
    options = parser.parse_args()
    if options.verdicts:
        made = verdict_tables.make(lambda spec: print(spec.id, file=sys.stderr))
        verdict_tables.FILE.write_text(verdict_tables.text_of(made), encoding="utf-8")
    if options.proofs:
        decided = proof_tables.make(lambda spec: print(spec.id, file=sys.stderr))
        proof_tables.FILE.write_text(proof_tables.text_of(decided), encoding="utf-8")
    if options.check:
        stale = differences(SPEC)
        print("\n".join(f"{Path(name)} is out of date: python docs/build_spec.py" for name in stale))
        return int(bool(stale))
    write_pages(SPEC)
    return 0


if __name__ == "__main__":
    sys.exit(main())

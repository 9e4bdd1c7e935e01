"""Write the pages of docs/spec.

    python docs/build_spec.py [--verdicts] [--proofs] [--check]

`--verdicts` and `--proofs` first compute the tables that the pages show. `--check` writes no page, names those that are
out of date, and exits with 1 if there are any.
"""

import sys

from spec_generator import proof_tables, verdict_tables
from spec_generator.build_command import build, parser_of
from spec_generator.pages import differences, write_pages
from spec_generator.spec_page import ROOT

SPEC = ROOT / "docs" / "spec"


def main() -> int:
    """Run the command line; return the exit code."""
    parser = parser_of("the pages of docs/spec")
    parser.add_argument("--verdicts", action="store_true", help="compute the verdicts first (20 minutes)")
    parser.add_argument("--proofs", action="store_true", help="compute docs/spec/proofs.json first (10 minutes)")
    options = parser.parse_args()
    if options.verdicts:
        verdicts = verdict_tables.make(lambda spec: print(spec.id, file=sys.stderr))
        verdict_tables.FILE.write_text(verdict_tables.text_of(verdicts), encoding="utf-8")
        beyond = verdict_tables.make_beyond(lambda spec: print(spec.id, file=sys.stderr))
        verdict_tables.FILE_BEYOND.write_text(verdict_tables.text_of(beyond), encoding="utf-8")
    if options.proofs:
        proofs = proof_tables.make(lambda spec: print(spec.id, file=sys.stderr))
        proof_tables.FILE.write_text(proof_tables.text_of(proofs), encoding="utf-8")
    return build(
        options.check,
        lambda: [f"docs/spec/{name} is out of date: run python docs/build_spec.py" for name in differences(SPEC)],
        lambda: write_pages(SPEC),
    )


if __name__ == "__main__":
    sys.exit(main())

"""Write docs/licences.md: the licence of every dependency, and which part of otaproof needs it.

    python docs/build_licences.py [--check]

`--check` writes nothing, prints which rows are out of date, and exits with 1 if any is.
"""

import sys

from spec_generator.build_command import build, parser_of
from supply_chain.licences import PAGE, differences, licences_page


def main() -> int:
    """Run the command line; return the exit code."""
    options = parser_of("docs/licences.md").parse_args()
    return build(options.check, differences, _write)


def _write() -> None:
    PAGE.write_text(licences_page(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""Write the generated parts of README.md: the table of claims, what the verdicts leave out, and the listings.

    python docs/build_readme.py [--check]

`--check` writes nothing, prints how README.md differs from the generated parts, and exits with 1 if it does.
"""

import sys

from spec_generator.build_command import build, parser_of
from spec_generator.readme_parts import PARTS, difference, write_readme


def main() -> int:
    """Run the command line; return the exit code."""
    options = parser_of("the generated parts of README.md").parse_args()
    return build(options.check, lambda: [text for text in map(difference, PARTS) if text], write_readme)


if __name__ == "__main__":
    sys.exit(main())

"""Write the parts of README.md that are made: the table of claims, what is left out, and the listings.

    python docs/build_readme.py [--check]

`--check` writes nothing, prints how README.md differs from what it would write, and ends with exit code 1 when it does.
"""

import argparse
import sys

from spec_generator.readme_parts import PARTS, README, difference, with_part


def main() -> int:
    """Do what the options say; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the parts of README.md that are made.")
    parser.add_argument("--check", action="store_true", help="only say how they differ")
    if parser.parse_args().check:
        found = [text for text in map(difference, PARTS) if text]
        print("\n".join(found))
        return int(bool(found))
    text = README.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        text = with_part(text, name, make())
    README.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Print the part of requirements.lock that an install of otaproof with some extras needs.

python docs/locked_part.py [--extra EXTRA …] [--build] > part.lock
pip install --require-hashes --requirement part.lock
"""

import argparse
import sys

from supply_chain.lock_file import read_lock
from supply_chain.needed import SHIPPED, needed_with

BUILDS = "setuptools"


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Print the locked requirements of otaproof with some extras.")
    parser.add_argument("--extra", action="append", choices=SHIPPED, default=[], help="also what this extra needs")
    parser.add_argument("--build", action="store_true", help="also what builds the package")
    options = parser.parse_args()
    names = needed_with(*options.extra) | ({BUILDS} if options.build else set())
    print(*(entry.text for entry in read_lock() if entry.name in names), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Write the bill of materials (CycloneDX 1.6) of the wheel and the source distribution in a directory, beside them.

    python docs/build_sbom.py DIRECTORY

SOURCE_DATE_EPOCH, in seconds, is the time that it tells; without it, the present one.
"""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from supply_chain.bill_of_materials import bill_of_materials


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the bill of materials of a release.")
    parser.add_argument("directory", type=Path, help="where the wheel and the source distribution of one version lie")
    directory: Path = parser.parse_args().directory
    wheels = sorted(directory.glob("otaproof-*.whl"))
    if len(wheels) != 1:
        print(f"{directory} holds {len(wheels)} wheels of otaproof; want one", file=sys.stderr)
        return 2
    version = wheels[0].name.split("-")[1]
    source = directory / f"otaproof-{version}.tar.gz"
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())), UTC)
    text = bill_of_materials([wheels[0], source], made)
    (directory / f"otaproof-{version}.cdx.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

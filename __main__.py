"""`python -m otaproof`: the command, where its script is not on the path."""

import sys

from .cli.main import main

sys.exit(main())

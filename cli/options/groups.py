"""Groups of options, under whose titles `--help` shows them, in this order."""

from cyclopts import Group

ARGUMENTS = Group("Arguments", sort_key=0)
INPUTS = Group("Input files", sort_key=1)
DEVICE = Group("Device", sort_key=2)
CUTS = Group("Power cuts", sort_key=3)
HISTORY = Group("History", sort_key=3)
SEARCH = Group("Search", sort_key=3)
OUTPUT = Group("Output", sort_key=4)
OTHERS = Group("Options", sort_key=5)

"""Silicon: NOR cells, flash operations and how they tear, eFuse, what chips differ in."""

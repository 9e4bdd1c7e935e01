"""Machine states over z3 terms, and the search that follows every path and shows that none is missing."""

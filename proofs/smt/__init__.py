"""Questions to SMT solvers: terms as SMT-LIB text or z3 expressions, two solvers, lemmas."""

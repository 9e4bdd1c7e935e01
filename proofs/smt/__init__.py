"""Questions to SMT solvers.

smtlib                  the device model as SMT-LIB text
verification_condition  a question that a verdict rests on, asked of z3 and bitwuzla
z3_terms                terms of the model as z3 expressions
second_solver           z3 expressions as text, and bitwuzla's answer
lemma                   a named statement with its proof
"""

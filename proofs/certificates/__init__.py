"""A second route to what the prover proves: each question as clauses, and a refutation that other programs check.

circuit            gates with hashing, and their clauses
bit_blaster        terms as wires of a circuit
question_clauses   a question in terms as clauses, in DIMACS
sat_solver         Glucose's answer, with its proof in DRAT
certificate        a question that was certified, or why not
"""

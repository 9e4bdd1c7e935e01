"""What is proved of the model, and of the board's own decisions.

every reachable state   explorer, exploration, term_values; compiled_search, kernels, numba_reading, intrinsics
what is asked of them   graph, reach, outcomes, difference, device_answers
all histories           prover, decision, book, induction, recovery, progress, bounded, refutation,
                        growth, premises, worlds, mutants
stated facts            invariants, invariant_words, record_invariants, choice_invariants, task_invariants,
                        call_invariants
questions to solvers    verification_condition, smtlib_reading, z3_reading, second_solver
bytes                   lemma; crc_lemmas, seq_lemmas, efuse_lemmas, record_tears
board and model         symbolic_words, impl_equals_facts, impl_equals_model
one slot and device     lifecycle_tie, lifecycle_lift, outcome_queries
other checkers          promela, spin, tla
"""

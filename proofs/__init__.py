"""What is proved of the model, and of the board's own decisions.

Every reachable state:  explorer, exploration; compiled_search, kernels, numba_reading, intrinsics; graph, reach, outcomes
All histories:          prover, induction, invariants, premises, bounded, refutation, growth, worlds, mutants
Questions to solvers:   verification_condition, smtlib_reading, z3_reading, second_solver
Bytes:                  lemma; crc_lemmas, seq_lemmas, efuse_lemmas, record_tears
Board and model:        symbolic_words, impl_equals_facts, impl_equals_model
One slot and device:    lifecycle_tie, lifecycle_lift, outcome_queries
Other checkers:         promela, spin, tla
"""

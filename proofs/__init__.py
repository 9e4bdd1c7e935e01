"""What is proved of the model, and of the board's own decisions.

explicit     every reachable state: the search, compiled code for big ones, and what is asked of the states found
invariants   the stated invariants of the device model, by subject
prover       from a claim and a scope to a verdict: k-induction, ranking functions, counterexamples
refinement   two descriptions agree: board and model, device and slot
bytes        lemmas on bits: check words, sequence numbers, eFuse, torn otadata records
smt          questions to two SMT solvers, z3 and bitwuzla
export       the device model for other model checkers: SPIN and TLC
search_bench the compiled search measured against SPIN
"""

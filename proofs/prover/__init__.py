"""From a claim and a scope to a verdict.

prover            every claim decided for one scope
decision          verdicts, and what they rest on
houdini           which candidate invariants are inductive; k-induction
found_invariants  those that were found before, to be confirmed
proof_reuse       invariants and counterexamples carried across slot counts
counterexamples   traces to states that break a claim, confirmed by solvers
bmc               bounded model checking: no shorter counterexample exists
liveness          C9: ranking (a ranking function) proves it, dead_ends (a search for deadlocks) refutes it
sequence_growth   C12: how fast sequence numbers grow
configurations    families of configurations whose device models are the same
mutants           wrong devices, each of which breaks a claim: the claims can fail; mutant_changes is what is wrong
"""

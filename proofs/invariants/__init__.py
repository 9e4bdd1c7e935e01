"""Invariants of the device model, stated by subject; the prover shows them inductive.

vocabulary              what the invariants are written with
record_invariants       of the two otadata records
pair_invariants         of the two side by side
boot_choice_invariants  of what the next power-on starts
task_invariants         of the step that is going on
call_invariants         of the calls and the ghost variables
bookkeeping_invariants  of what the ghost variables note
marking_invariants      of what runs while the records select another image
mishap_invariants       of pins and failed operations, where a scope allows them
invariant_catalogue     all of them, with their names
"""

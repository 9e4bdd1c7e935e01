"""Two descriptions of one thing agree.

symbolic_execution      Python code run on words that stand for all their values
symbolic_entries        otadata entries of such words
impl_decisions          the implementation's decisions equal formulas written from ESP-IDF's code
impl_refines_model      the implementation's decisions equal the terms of the device model
symbolic_board          a board whose otadata, images and versions may be anything
model_chains            what a call of the model does to flash and eFuse, as chains of its micro-steps
call_agreement          when a path through a call does what a chain does: operations, bytes, end
call_cases              the cases of a call, their premises, and a run of impl; call_premises has premises as lemmas
whole_calls             whole calls of the implementation do to otadata and eFuse what the model's do
outcomes_smt            calls followed symbolically from any well-formed state: outcomes of a cut
boot_choice_smt         the boot choice is what the boot actions do, from any state without power
ranking_quotient        ranked sequence numbers tell what 32-bit numbers tell
term_states             states whose fields are terms, compared
device_refines_slot     every step of the device moves its slots along rows of the life cycle: over all reachable states
device_refines_slot_smt the same from any well-formed state, by z3
"""

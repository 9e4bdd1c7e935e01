"""The claims: each promise once, for every checker.

claims          their wording, and how each reads after one power cut (observation)
state_claims    the claims as invariants of the device model
premises        where each of those says anything
left_out        what the verdicts leave out
model_digest    a digest of what is decided of a scope
"""

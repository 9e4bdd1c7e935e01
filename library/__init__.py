"""A library to build on: the public names, and what a team's own tests play on the board.

boards, faults, claims, remedies, strategies, campaigns, prover and pictures hold the names that stay; each says them in
`__all__`, and docs/spec/library.md shows them. pytest_plugin.py gives the fixtures `ota_world`, `board` and
`power_cuts`. To import this package costs nothing: each module is imported by its own name.
"""

"""Sets the board against claims, model and recordings.

`history` has the steps and the player that all else here uses; `upgrade` cuts one upgrade everywhere, `lockstep`
compares board and model after every operation, `fuzz` draws histories, `conformance` replays recordings, `explain`
reads dumps.
"""

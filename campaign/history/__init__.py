"""Steps and their player; histories of a small device, with token, replay, claim monitor and known cases."""

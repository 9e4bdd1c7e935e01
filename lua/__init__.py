"""Lua upgrade scripts on the simulated board: a machine that bounds them, NodeMCU's modules, runs, and sweeps of cuts."""

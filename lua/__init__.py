"""Lua upgrade scripts on the simulated board: a bounded machine, NodeMCU's modules, runs, sweeps of cuts."""

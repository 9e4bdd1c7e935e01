"""The compiled search: code generated from the model's terms, run by numba.

codegen           states as 64-bit words; successors and claims as the text of a Python module
code_cache        that text compiled, and kept in a directory of the user's own
compiled_search   the search: threads, levels, deadlocks
bfs_kernels       its loops: hash table, expansion of a level
canonical_traces  the counterexamples: of the shortest, the first by the order of actions
trace_kernels     their loops
llvm_intrinsics   machine instructions that numba has no words for
"""

"""The compiled search: code generated from the model's terms, run by numba.

codegen           states as 64-bit words; successors and claims as the text of a Python module
compiled_search   the search: one or two threads, levels, counterexamples, deadlocks
bfs_kernels       its loops: hash table, expansion of a level
llvm_intrinsics   machine instructions that numba has no words for
"""

"""The compiled search: machine code made from the model's terms by LLVM, and loops that numba compiles.

word_layout       a state as one 64-bit word
codegen           successors and claims as the text of an LLVM module
machine_code      that text compiled
compiled_search   the search: threads, levels, deadlocks
bfs_kernels       its loops: hash table, expansion of a level
canonical_traces  the counterexamples: of the shortest, the first by the order of actions
trace_kernels     their loops
llvm_intrinsics   machine instructions that numba has no words for
"""

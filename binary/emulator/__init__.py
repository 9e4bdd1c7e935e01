"""A bootloader's own machine code run on the simulated flash, beside `impl`'s bootloader.

A core runs functions of the program: riscv_core is unicorn's, lifted_core one of p-code. emulated_bootloader stands in
for what lies below them; comparison runs one case on both, with power cuts and failing operations; otadata_pairs and
boot_cases say on what; trials runs it all.
"""

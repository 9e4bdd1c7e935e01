"""A bootloader's own machine code run on the simulated flash, beside `impl`'s bootloader.

riscv_core runs functions of the program; emulated_bootloader stands in for what lies below them; comparison runs one
case on both, with power cuts and failing operations; otadata_pairs and boot_cases say on what; trials runs it all.
"""

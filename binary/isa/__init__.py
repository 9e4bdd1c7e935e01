"""What one instruction does to a machine state.

By pypcode for RISC-V and Xtensa, and by a decoder of our own for RV32IMC.
"""

"""What one instruction does to a machine state: by pypcode for RISC-V and Xtensa, and by a decoder of our own for RV32IMC."""

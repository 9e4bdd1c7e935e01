"""The machine code of a bootloader: an ELF file is run on symbolic words and proved equal to impl's decisions.

elf_file reads the file, isa gives instructions their meaning, execution follows every path, theorems state what is
proved and ask the solvers. Needs the extra `binary`.
"""

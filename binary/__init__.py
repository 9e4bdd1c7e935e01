"""The machine code of a bootloader or an application, run on symbolic words and proved equal to impl's decisions.

elf_file reads the file, isa gives instructions their meaning, execution follows every path, theorems state what is
proved of a bootloader and ask the solvers, application does so for esp_ota_* calls. Needs the extra `binary`.
"""

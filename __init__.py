"""Executable, machine-checked specification of the ESP32 OTA update life cycle.

`model` says what is allowed, `impl` does it in bytes on simulated flash, `campaign` sets one against the
other, and `cli` is the `otaproof` command.
"""

__version__ = "0.1.0"

"""The C core of the selector that keeps otadata by turns: its machine code against the terms of the device model."""

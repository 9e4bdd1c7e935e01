"""The device whose selector keeps otadata by turns, as selector/DESIGN.md has it: one logical state, written whole.

A record is right when it is whole, and reads as blank otherwise: no tear of it reads as anything else. Its word is the
kind of the state, ABORTED where factory is current, as its bytes have it.
"""

"""Primitives of drawing: canvas, flow and sequence diagrams, palette."""

"""Drawing primitives: canvas, flow and sequence diagrams, palette."""

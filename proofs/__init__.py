"""What is proved of the model, and of the board's own decisions: explorers, solvers, lemmas."""

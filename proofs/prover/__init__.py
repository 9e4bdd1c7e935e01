"""From a claim and a scope to a verdict: induction, ranking functions, counterexamples."""

"""One scripted upgrade, cut at every flash step: what `otaproof check` runs."""

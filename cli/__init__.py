"""The `otaproof` command."""

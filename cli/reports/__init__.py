"""Results as text, JSON and SARIF."""

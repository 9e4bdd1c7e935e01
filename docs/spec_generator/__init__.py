"""Generates the pages of docs/spec and parts of README.md; docs/build_spec.py and docs/build_readme.py run it."""

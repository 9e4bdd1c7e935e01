"""The linter of OTA configurations: what it looks at, its rules, its findings."""

"""What each command finds, as plain typed values: the text reports and the JSON output are both made from them.

A result is a frozen dataclass of numbers, texts, tuples and further results, without solver terms, boards or terminal.
The docstrings below the fields become the descriptions in docs/schemas/. Every field is always there; None stands for
what was not found or not asked for. `schema_version` changes in its first number when a field goes or changes its
meaning, in its second when one is added.
"""

"""Archives and objects that are not linked become programs: sections get addresses, and relocations are applied."""

"""The expression language of the model: terms, and what walks them."""

"""The expression language of the model.

terms      facts and numbers, and the ten operations on them
walker     the one walk over terms
closures   terms as functions of a state that few states are asked about
evaluate   a term for given values of its fields
writer     terms as text, by a table for each language
"""

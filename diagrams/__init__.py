"""Pictures of the model and of traces, generated: the texts in drawn/ are compared with the model by a test.

`otaproof diagram all --out diagrams/drawn --renderer graphviz-pure` writes them again.
"""

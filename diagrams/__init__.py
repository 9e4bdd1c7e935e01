"""Generated diagrams of the model and of traces. A test compares the committed texts in drawn/ with the model.

`otaproof diagram all --out diagrams/drawn --renderer graphviz-pure` writes them again.
"""

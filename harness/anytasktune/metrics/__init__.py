"""Metrics: one grade a row, then a summary over rows.

``grading``: the contract, what a row's grade holds. ``reading``: from a model's words to a label, a set, a number.
One file a kind of answer: ``choice``, ``label_sets``, ``spans``, ``texts``, ``numbers``.
"""

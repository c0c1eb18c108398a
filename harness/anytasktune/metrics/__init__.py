"""Metrics: one grade a row, then a summary over rows.

Authors of plugins take theirs by name: ``named("macro-f1", YAML)``; :func:`metric_names` lists them by kind of answer.

``grading``: the contract, what a row's grade holds. ``reading``: from a model's words to a label, a set, a number.
One file a kind of answer: ``choice``, ``label_sets``, ``spans``, ``texts``, ``numbers``; of text also ``bleu`` and
``json_fields``, of numbers ``agreement``.
"""

from __future__ import annotations

from anytasktune.metrics.naming import metric_names, named

__all__ = ["metric_names", "named"]

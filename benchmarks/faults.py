"""The catalogue of planted faults."""

from __future__ import annotations

from typing import Final

import faults_in_answers
import faults_in_files
import faults_in_labels
import faults_in_splits
import faults_in_texts
from planting import Fault

CATALOGUE: Final[dict[str, tuple[Fault, ...]]] = {
    "rows and splits": faults_in_splits.FAULTS,
    "labels": faults_in_labels.FAULTS,
    "answers": faults_in_answers.FAULTS,
    "texts": faults_in_texts.FAULTS,
    "files": faults_in_files.FAULTS,
}
"""By what is at fault."""

FAULTS: Final[tuple[Fault, ...]] = tuple(fault for group in CATALOGUE.values() for fault in group)

"""What is asked, in words: one YAML a sub-task, and the data that were written for this project beside it."""

from pathlib import Path

FOLDER = Path(__file__).parent


def card_path(name: str) -> Path:
    """The YAML of a sub-task, by its path without suffix: ``card_path("law/charge_prediction")``."""
    return FOLDER / f"{name}.yaml"

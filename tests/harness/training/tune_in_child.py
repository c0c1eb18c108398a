"""Run by ``test_tuning_resume``: tunes the real small model in a folder and says each step on a line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from small_runs import IDENTITY, parity

from anytasktune.models.tokens import Encoder
from anytasktune.recipes import Recipe
from anytasktune.training.loop import TuningJob, TuningProgress, TuningResult, tune

STEPS = 12


def run(model_dir: Path, folder: Path, progress: Any) -> TuningResult:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    encoder = Encoder(AutoTokenizer.from_pretrained(model_dir))
    rows = [parity(number, encoder, padding=number % 4) for number in range(20)]
    job = TuningJob(
        model=AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32),
        encoder=encoder,
        train=rows[:16],
        validation=rows[16:],
        recipe=Recipe(batch_size=2, max_steps=STEPS, epochs=9, evaluations=4, rank=4),
        seed=5,
        folder=folder,
        identity=IDENTITY,
        progress=progress,
    )
    return tune(job)


def say(moment: TuningProgress) -> None:
    """One line a moment: what was measured, and after which step."""
    sys.stdout.write(f"{'step' if moment.validation_loss is None else 'evaluated'} {moment.step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), say)

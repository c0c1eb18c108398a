"""Does the recipe tune?"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any, Final

from anytasktune import tuning
from anytasktune.conformance.asking import tuning_of
from anytasktune.conformance.findings import Outcome, failed, passed
from anytasktune.conformance.subject import Subject
from anytasktune.errors import AdapterError

STEPS: Final = 2
ROWS: Final = 4
"""In one step at most, so that a recipe of any batch size takes seconds."""

_SIZES: Final = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.3,  # with the usual 0.02, so narrow a model hardly sees its input
}


def recipe(subject: Subject) -> Outcome:
    """The recipe tunes two steps on a tiny model and changes its logits.

    The model has the default model's architecture and tokenizer; the target modules must exist there.
    Batch size and number of steps are cut down, nothing else.
    """
    import torch

    from anytasktune.training.adapter import probe
    from anytasktune.training.loop import TuningJob, tune
    from anytasktune.training.texts import TrainingText

    form = subject.default_model.form
    given = subject.task.recipe
    short = given.but(max_steps=STEPS, batch_size=min(given.batch_size, ROWS), evaluations=1)
    learnt = subject.data.fewshot[given.shots : given.shots + 2 * ROWS]
    held_out = subject.sample(subject.data.splits["validation"], 2)
    if not learnt:
        return failed(f"The recipe shows {given.shots} examples in each prompt, and train has no row beyond them.")
    job = tuning_of(subject, subject.card.prompt_language)
    rows = [
        [TrainingText(id=id, context=context, answer=answer) for id, context, answer in tuning.texts(job, part, form)]
        for part in (learnt, held_out)
    ]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tensors this small are slower on several
    try:
        with tempfile.TemporaryDirectory() as folder:
            base = tiny_model(subject.default_model.config)
            result = tune(
                TuningJob(
                    model=copy.deepcopy(base),
                    encoder=form,
                    train=rows[0],
                    validation=rows[1],
                    recipe=short,
                    seed=0,
                    folder=Path(folder) / "run",
                    identity={"base": "anytasktune/tiny", "task": subject.task.id},
                    progress=lambda _: None,
                    scored_by="generation",
                )
            )
            probe(base, result.adapter, form, [text.context for text in rows[1]])
    except AdapterError:
        return failed(
            f"{STEPS} steps of the recipe change nothing: the tuned model answers as the base does.",
            [f"method {given.method}, learning rate {given.learning_rate:g}, warm-up {given.warmup_ratio:g}"],
        )
    finally:
        torch.set_num_threads(threads)
    adapted = f"{result.info.adapted_modules} modules" if given.method != "full" else "every weight"
    return passed(f"{STEPS} steps of {given.method} on a tiny model adapt {adapted} and change its logits")


def tiny_model(config: Any) -> Any:
    """Two layers of the default model's architecture with random weights, the same each time."""
    import torch
    from transformers import AutoModelForCausalLM

    small = copy.deepcopy(config)
    for name, size in _SIZES.items():
        setattr(small, name, size)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AutoModelForCausalLM.from_config(small).float().eval()

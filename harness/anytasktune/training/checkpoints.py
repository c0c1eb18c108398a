"""What a killed run goes on from: weights, optimiser and counters of one step, in a folder that is whole or
absent.

Tensors are safetensors, the rest is JSON; nothing is pickled. A folder is written beside its place, flushed
to the disk and renamed; the one before it is removed afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from anytasktune.errors import TrainingError

PREFIX = "checkpoint-"
TENSORS = "state.safetensors"
COUNTERS = "state.json"


def save(
    folder: Path,
    step: int,
    parameters: Mapping[str, torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    data: Mapping[str, Any],
) -> None:
    """Writes the checkpoint of a step and removes the older ones.

    Args:
        folder: of the run.
        step: steps done.
        parameters: the trainable ones by name.
        optimiser: over these parameters; its state tensors are written by the parameter's name.
        data: plain data, see ``counters``.
    """
    tensors = {f"weight/{name}": parameter.detach() for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        for key, value in optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser/{key}/{name}"] = torch.as_tensor(value)
    target = folder / f"{PREFIX}{step:08d}"
    with whole_folder(target) as work:
        save_tensors(work / TENSORS, tensors)
        write_json(work / COUNTERS, data)
    for older in _found(folder):
        if older != target:
            shutil.rmtree(older)


def newest(folder: Path) -> Path | None:
    """The last checkpoint of a run, if there is one."""
    found = _found(folder)
    return found[-1] if found else None


def counters(checkpoint: Path) -> dict[str, Any]:
    """The plain data of a checkpoint.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        data: dict[str, Any] = json.loads((checkpoint / COUNTERS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise _unreadable(checkpoint, problem) from problem
    return data


def load(checkpoint: Path, parameters: Mapping[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer) -> None:
    """Puts the tensors of a checkpoint into parameters and optimiser, in place.

    Raises:
        TrainingError: the checkpoint cannot be read or holds other parameters.
    """
    try:
        tensors = load_tensors(checkpoint / TENSORS)
    except (OSError, ValueError) as problem:
        raise _unreadable(checkpoint, problem) from problem
    weights = {name.removeprefix("weight/"): t for name, t in tensors.items() if name.startswith("weight/")}
    load_weights(parameters, weights, where=checkpoint)
    for key, value in tensors.items():
        kind, _, rest = key.partition("/")
        if kind == "optimiser":
            state, _, name = rest.partition("/")
            parameter = parameters[name]
            # torch keeps Adam's step counter on the CPU and the moments beside the parameter.
            optimiser.state[parameter][state] = value if value.ndim == 0 else value.to(parameter.device)


def _unreadable(checkpoint: Path, problem: Exception) -> TrainingError:
    return TrainingError(
        "The checkpoint cannot be read.",
        where=str(checkpoint),
        evidence=[problem],
        fix="remove this checkpoint folder and tune again",
    )


def remove(folder: Path) -> None:
    """Removes all checkpoints of a run that is finished, and what a killed one left half written."""
    for path in [*_found(folder), *folder.glob(".*.writing")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def load_weights(
    parameters: Mapping[str, torch.nn.Parameter], tensors: Mapping[str, torch.Tensor], *, where: Path
) -> None:
    """Copies tensors into the parameters of the same names, in place.

    Raises:
        TrainingError: names or shapes differ.
    """
    if set(tensors) != set(parameters):
        other = sorted(set(tensors) ^ set(parameters))
        raise TrainingError("The stored weights belong to another set of parameters.", where=str(where), evidence=other)
    with torch.no_grad():
        for name, parameter in parameters.items():
            if tensors[name].shape != parameter.shape:
                raise TrainingError(f"The stored weight {name} has another shape.", where=str(where))
            parameter.copy_(tensors[name])


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Writes a safetensors file that is whole or absent."""
    from safetensors.torch import save_file

    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    _written(path, lambda work: save_file(plain, work, metadata=dict(metadata) if metadata else None))


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        ValueError: it is not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as problem:
        raise ValueError(f"{path.name}: {problem}") from problem


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Writes plain data as JSON, whole or absent; refuses NaN and infinity."""
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Writes a text file that is whole or absent."""
    _written(path, lambda work: work.write_text(text, encoding="utf-8"))


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write into that takes its place at ``target`` when all went well; an older one is
    replaced.
    """
    work = target.with_name(f".{target.name}.writing")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
        _flush(work)
        if target.exists():
            old = target.with_name(f".{target.name}.old.writing")
            shutil.rmtree(old, ignore_errors=True)
            target.replace(old)
            work.replace(target)
            shutil.rmtree(old)
        else:
            work.replace(target)
        _flush(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _written(path: Path, write: Callable[[Path], object]) -> None:
    work = path.with_name(f".{path.name}.writing")
    write(work)
    _flush(work)
    work.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _found(folder: Path) -> list[Path]:
    """Checkpoints, oldest first."""
    return sorted(path for path in folder.glob(f"{PREFIX}*") if path.is_dir())

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from anytasktune.errors import TrainingError
from anytasktune.training import checkpoints


def stepped() -> tuple[dict[str, torch.nn.Parameter], torch.optim.Optimizer]:
    torch.manual_seed(0)
    parameters = {name: torch.nn.Parameter(torch.randn(3, 2)) for name in ("a.weight", "b.weight")}
    optimiser = torch.optim.AdamW(list(parameters.values()), lr=0.1)
    for parameter in parameters.values():
        parameter.grad = torch.randn(3, 2)
    optimiser.step()
    return parameters, optimiser


def step(parameters: dict[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer) -> list[torch.Tensor]:
    for place, parameter in enumerate(parameters.values()):
        parameter.grad = torch.full((3, 2), 0.5 + place)
    optimiser.step()
    return [parameter.detach().clone() for parameter in parameters.values()]


def test_next_step_after_loading_is_the_next_step_after_saving(tmp_path: Path) -> None:
    parameters, optimiser = stepped()
    checkpoints.save(tmp_path, 1, parameters, optimiser, {"losses": [0.1]})
    expected = step(parameters, optimiser)

    fresh = {name: torch.nn.Parameter(torch.zeros(3, 2)) for name in parameters}
    other = torch.optim.AdamW(list(fresh.values()), lr=0.1)
    newest = checkpoints.newest(tmp_path)
    assert newest is not None
    assert checkpoints.counters(newest) == {"losses": [0.1]}
    checkpoints.load(newest, fresh, other)
    assert all(torch.equal(a, b) for a, b in zip(step(fresh, other), expected, strict=True))


def test_older_checkpoints_go_and_nothing_is_pickled(tmp_path: Path) -> None:
    parameters, optimiser = stepped()
    for number in (1, 2, 10):
        checkpoints.save(tmp_path, number, parameters, optimiser, {})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000010"]
    files = sorted(path.name for path in (tmp_path / "checkpoint-00000010").iterdir())
    assert files == ["state.json", "state.safetensors"]


def test_half_written_checkpoint_is_no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, optimiser = stepped()
    checkpoints.save(tmp_path, 1, parameters, optimiser, {})

    def killed(path: Path, data: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(tmp_path, 2, parameters, optimiser, {})
    torn = tmp_path / ".checkpoint-00000003.writing"
    torn.mkdir()
    newest = checkpoints.newest(tmp_path)
    assert newest is not None
    assert newest.name == "checkpoint-00000001"
    checkpoints.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["state.json", "state.safetensors"])
def test_damaged_checkpoint_is_named(tmp_path: Path, name: str) -> None:
    parameters, optimiser = stepped()
    checkpoints.save(tmp_path, 1, parameters, optimiser, {})
    newest = checkpoints.newest(tmp_path)
    assert newest is not None
    (newest / name).write_bytes(b"torn")

    def read() -> None:
        checkpoints.counters(newest)
        checkpoints.load(newest, parameters, optimiser)

    with pytest.raises(TrainingError, match="cannot be read") as refused:
        read()
    assert str(newest) in str(refused.value)


def test_weights_of_other_parameters_are_refused(tmp_path: Path) -> None:
    parameters, _ = stepped()
    with pytest.raises(TrainingError, match="another set") as refused:
        checkpoints.load_weights(parameters, {"a.weight": torch.zeros(3, 2)}, where=tmp_path)
    assert "b.weight" in str(refused.value)
    other = {"a.weight": torch.zeros(3, 2), "b.weight": torch.zeros(2, 2)}
    with pytest.raises(TrainingError, match="another shape"):
        checkpoints.load_weights(parameters, other, where=tmp_path)


def test_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for text in ("first", "second"):
        with checkpoints.whole_folder(target) as work:
            (work / text).write_text(text)
    assert [path.name for path in target.iterdir()] == ["second"]

    def interrupted() -> None:
        with checkpoints.whole_folder(target) as work:
            (work / "third").write_text("third")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        interrupted()
    assert [path.name for path in target.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_json_refuses_what_is_not_a_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        checkpoints.write_json(tmp_path / "x.json", {"loss": float("nan")})
    checkpoints.write_json(tmp_path / "x.json", {"name": "标注"})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"name": "标注"}

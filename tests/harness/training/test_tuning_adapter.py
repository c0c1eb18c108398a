from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_runs import IDENTITY, MakeJob, make_tiny_model

from anytasktune.errors import AdapterError
from anytasktune.models.tokens import Encoder
from anytasktune.recipes import Recipe
from anytasktune.training import adapter
from anytasktune.training.loop import tune

CONTEXTS = ["Is 7 even or odd?", "Is 8 even or odd?"]

PLAIN_PEFT = """
import json, sys
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, folder = sys.argv[1:3]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
model = PeftModel.from_pretrained(model, folder).eval()
with torch.no_grad():
    print(json.dumps(model(input_ids=torch.tensor([[1, 5, 9]])).logits[0, -1, :50].tolist()))
"""


@pytest.fixture
def tuned(tiny_model: Any, make_job: MakeJob) -> Path:
    return tune(make_job(tiny_model)).adapter


def test_folder_says_what_made_it(tuned: Path) -> None:
    info = adapter.read_adapter(tuned)
    assert info.identity["base"] == "example/base"
    assert info.method == "lora"
    assert info.recipe["rank"] == 4
    assert info.recipe_hash == Recipe(rank=4, batch_size=4, epochs=2.0, evaluations=2, learning_rate=5e-3).hash()
    assert info.best_validation_loss == min(loss for _, loss in info.evaluations)
    assert info.versions["torch"] == torch.__version__
    card = (tuned / "README.md").read_text(encoding="utf-8")
    for shown in (
        info.recipe_hash,
        "prompt-1",
        "Apache-2.0",
        "PeftModel.from_pretrained",
        f"{info.best_validation_loss:.4f}",
    ):
        assert shown in card


def test_same_run_writes_the_same_bytes(tiny_model: Any, make_job: MakeJob, tmp_path: Path, tuned: Path) -> None:
    again = tune(make_job(tiny_model, folder=tmp_path / "again")).adapter
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (again / name).read_bytes() == (tuned / name).read_bytes()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_field_case_15_adapter_folder_names_no_path_of_this_machine(
    tiny_model: Any, make_job: MakeJob, tmp_path: Path, method: str
) -> None:
    base = tmp_path / "private-cache" / "base"
    tiny_model.save_pretrained(base)
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    recipe = Recipe(method=method, batch_size=4, max_steps=1, evaluations=1)  # type: ignore[arg-type]
    folder = tune(make_job(model, recipe=recipe, folder=tmp_path / "private-cache" / "run")).adapter
    for path in folder.rglob("*"):
        assert b"private-cache" not in path.read_bytes(), path.name
    if method == "full":
        return
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "example/base"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "anytasktune.json",
    ]


@pytest.mark.slow
def test_field_case_15_plain_peft_loads_moved_adapter_on_moved_base(
    tiny_model: Any, make_job: MakeJob, tmp_path: Path
) -> None:
    tiny_model.save_pretrained(tmp_path / "here" / "base")
    folder = tune(make_job(tiny_model, folder=tmp_path / "here" / "run")).adapter
    with adapter.applied(tiny_model, folder) as model, torch.no_grad():
        expected = model(input_ids=torch.tensor([[1, 5, 9]])).logits[0, -1, :50].tolist()
    (tmp_path / "there").mkdir()
    shutil.move(tmp_path / "here" / "base", tmp_path / "there" / "other-base")
    shutil.move(folder, tmp_path / "there" / "other-adapter")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    arguments = [
        "-c",
        PLAIN_PEFT,
        str(tmp_path / "there" / "other-base"),
        str(tmp_path / "there" / "other-adapter"),
    ]
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("method", ["lora", "dora", "rslora", "full"])
def test_field_case_15_merged_model_answers_as_base_and_adapter(
    tiny_model: Any, make_job: MakeJob, encoder: Encoder, tokenizer: Any, method: str
) -> None:
    base = make_tiny_model(len(tokenizer))
    recipe = Recipe(method=method, rank=4, batch_size=4, epochs=2, evaluations=2, learning_rate=5e-3)  # type: ignore[arg-type]
    folder = tune(make_job(tiny_model, recipe=recipe)).adapter
    before = {name: value.clone() for name, value in base.state_dict().items()}
    adapter.probe(base, folder, encoder, CONTEXTS)
    merged = adapter.load_merged(base, folder)
    assert all(torch.equal(value, before[name]) for name, value in base.state_dict().items())
    ids = torch.tensor([encoder.encode(CONTEXTS[0])])
    with torch.no_grad(), adapter.applied(base, folder) as model:
        expected = model(input_ids=ids).logits
        torch.testing.assert_close(merged(input_ids=ids).logits, expected, atol=1e-3, rtol=1e-4)
        assert not torch.allclose(expected, make_tiny_model(len(tokenizer))(input_ids=ids).logits, atol=1e-2)
    assert type(merged) is type(base)
    assert not [name for name in vars(merged) if "peft" in name]


def test_merging_into_the_base_itself_needs_no_second_model(tiny_model: Any, tuned: Path) -> None:
    assert adapter.load_merged(tiny_model, tuned, keep_base=False) is tiny_model


def test_merge_that_changes_the_answers_is_refused(
    tiny_model: Any, tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft.tuners.lora.layer import Linear

    plain = Linear.get_delta_weight
    monkeypatch.setattr(Linear, "get_delta_weight", lambda self, name: plain(self, name) * 1.5)
    with pytest.raises(AdapterError, match="answers otherwise"):
        adapter.load_merged(tiny_model, tuned)


def test_probe_leaves_the_base_as_it_was(tiny_model: Any, tuned: Path, encoder: Encoder) -> None:
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}
    marks = set(vars(tiny_model))
    adapter.probe(tiny_model, tuned, encoder, CONTEXTS)
    assert tiny_model.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.state_dict().items())
    assert set(vars(tiny_model)) == marks
    assert all(parameter.requires_grad for parameter in tiny_model.parameters())


def changed(folder: Path, change: Any) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file(change(tensors), folder / "adapter_model.safetensors", metadata={"format": "pt"})


def test_probe_refuses_an_adapter_of_zeros(tiny_model: Any, tuned: Path, encoder: Encoder) -> None:
    changed(tuned, lambda tensors: {n: t * 0 if ".lora_B." in n else t for n, t in tensors.items()})
    with pytest.raises(AdapterError, match="LoRA B is zero in all 14 modules"):
        adapter.probe(tiny_model, tuned, encoder, CONTEXTS)


def test_probe_refuses_an_adapter_without_modules(tiny_model: Any, tuned: Path, encoder: Encoder) -> None:
    changed(tuned, lambda tensors: {})
    with pytest.raises(AdapterError, match="adapts no module"):
        adapter.probe(tiny_model, tuned, encoder, CONTEXTS)


def test_probe_refuses_an_adapter_whose_effect_is_nothing(tiny_model: Any, tuned: Path, encoder: Encoder) -> None:
    changed(tuned, lambda tensors: {n: t * 0 if ".lora_A." in n else t for n, t in tensors.items()})
    with pytest.raises(AdapterError, match="changes nothing"):
        adapter.probe(tiny_model, tuned, encoder, CONTEXTS)


def test_adapter_of_another_base_is_refused(tuned: Path, encoder: Encoder, tokenizer: Any) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2}
    deeper = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), num_hidden_layers=1, **shape))
    wider = LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokenizer), num_hidden_layers=2, **{**shape, "hidden_size": 64})
    )
    for other in (deeper, wider):
        marks = set(other.state_dict())
        with pytest.raises(AdapterError, match="base") as refused:
            adapter.probe(other, tuned, encoder, CONTEXTS)
        assert "example/base" in str(refused.value)
        assert set(other.state_dict()) == marks


def test_other_prompt_is_refused_with_both_hashes(tuned: Path) -> None:
    info = adapter.read_adapter(tuned)
    adapter.check_prompt_hash(info, IDENTITY["prompt_hash"])
    with pytest.raises(AdapterError, match="prompt-1") as refused:
        adapter.check_prompt_hash(info, "prompt-2")
    assert "prompt-2" in str(refused.value)


def test_folder_that_is_no_adapter_is_refused(tmp_path: Path, tuned: Path) -> None:
    with pytest.raises(AdapterError, match=r"no anytasktune\.json"):
        adapter.read_adapter(tmp_path)
    path = tuned / "anytasktune.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(AdapterError, match="format 99"):
        adapter.read_adapter(tuned)
    path.write_text("{")
    with pytest.raises(AdapterError, match="cannot be read"):
        adapter.read_adapter(tuned)


def test_card_shows_hostile_names_letter_by_letter(tiny_model: Any, make_job: MakeJob) -> None:
    identity = {**IDENTITY, "task": "a|b <script>", "base": 'x "quoted" : name'}
    card = (tune(make_job(tiny_model, identity=identity)).adapter / "README.md").read_text()
    assert 'base_model: "x \\"quoted\\" : name"' in card
    assert "# a\\|b \\<script\\>\n" in card
    assert "| a\\|b \\<script\\> |" in card
    assert " <script>" not in card

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from anytasktune.errors import AdapterError, ModelError
from anytasktune.models.loading import adapter_hash, choose_dtype, folder_hash, load

# peft 0.21 asks transformers 5.24 for a name that will go in version 6
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


@pytest.fixture
def copied(tiny_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_dir, tmp_path / "model"))


@pytest.fixture(scope="module")
def adapter(tiny_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes what the tiny model says."""
    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(tiny_dir),
        LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False),
    )
    model.save_pretrained(folder)
    return folder


@torch.inference_mode()
def logits(model: Any) -> torch.Tensor:
    return model(input_ids=torch.tensor([[5, 6, 7, 8]])).logits


def test_a_folder_is_loaded_ready_to_answer(tiny_dir: Path) -> None:
    loaded = load(tiny_dir, device="cpu")
    assert not loaded.model.training
    assert (loaded.device, loaded.dtype, loaded.label) == ("cpu", "float32", tiny_dir.name)
    assert loaded.revision == f"sha256:{folder_hash(tiny_dir)[:16]}"
    assert loaded.parameters == sum(p.numel() for p in loaded.model.parameters())
    assert loaded.adapter_hash == ""
    named = load(tiny_dir, device="cpu", dtype="bfloat16", label="Tiny", revision="one")
    assert (named.dtype, named.label, named.revision) == ("bfloat16", "Tiny", "one")
    assert named.model.dtype is torch.bfloat16


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        (["config.json"], "config.json"),
        (["model.safetensors"], "model.safetensors"),
        (["tokenizer.json", "tokenizer_config.json"], "tokenizer.json"),
    ],
)
def test_a_missing_file_is_named(copied: Path, files: list[str], missing: str) -> None:
    for name in files:
        (copied / name).unlink()
    with pytest.raises(ModelError, match=rf"lacks files[\s\S]*- {missing}"):
        load(copied)


def test_weights_that_are_no_safetensors_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors only"):
        load(copied)


def test_damaged_weights_are_an_error_for_people(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"\1" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(copied)


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "a/b/c", "not a name"])
def test_a_path_that_is_not_there_is_not_asked_from_the_hub(name: str) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        load(name)


def test_a_file_is_no_model(tiny_dir: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        load(tiny_dir / "config.json")


def test_a_hub_out_of_reach_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError) as caught:
        load("hf:nobody/nothing@v1")
    assert "'nobody/nothing' cannot be loaded" in str(caught.value)
    assert "HF_HOME" in str(caught.value)


def test_unknown_devices_and_types_are_refused(tiny_dir: Path) -> None:
    with pytest.raises(ModelError, match="device 'cuda:77' is not there"):
        load(tiny_dir, device="cuda:77")
    with pytest.raises(ModelError, match="number type 'int8'"):
        load(tiny_dir, dtype="int8")
    assert choose_dtype("auto", "cpu") is torch.float32


def test_an_adapter_is_merged_and_answers_as_unmerged(tiny_dir: Path, adapter: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_dir)
    before = logits(base)
    unmerged = logits(PeftModel.from_pretrained(base, str(adapter)).eval())
    loaded = load(tiny_dir, device="cpu", adapter=adapter)
    assert not isinstance(loaded.model, PeftModel)
    torch.testing.assert_close(logits(loaded.model), unmerged, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(before, unmerged, atol=1e-2)
    assert loaded.adapter_hash == adapter_hash(adapter)


def test_the_adapter_hash_follows_weights_and_config(adapter: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(adapter, tmp_path / "other"))
    assert adapter_hash(other) == adapter_hash(adapter)
    (other / "README.md").write_text("a note")
    assert adapter_hash(other) == adapter_hash(adapter)
    config = other / "adapter_config.json"
    config.write_text(config.read_text().replace('"r": 2', '"r": 4'))
    assert adapter_hash(other) != adapter_hash(adapter)


def test_an_incomplete_adapter_is_refused(tiny_dir: Path, adapter: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(adapter, tmp_path / "other"))
    (other / "adapter_model.safetensors").rename(other / "adapter_model.bin")
    with pytest.raises(AdapterError, match=r"adapter_model\.safetensors"):
        load(tiny_dir, device="cpu", adapter=other)
    with pytest.raises(AdapterError, match="no adapter folder"):
        load(tiny_dir, device="cpu", adapter=tmp_path / "nowhere")


def test_an_adapter_of_another_base_is_refused(copied: Path, adapter: Path, random_model: Callable[..., Any]) -> None:
    random_model("llama", vocab_size=49152, hidden_size=24).save_pretrained(copied)
    with pytest.raises(AdapterError, match="does not fit"):
        load(copied, device="cpu", adapter=adapter)
    random_model("gpt2", vocab_size=49152).save_pretrained(copied)
    with pytest.raises(AdapterError, match="does not fit"):
        load(copied, device="cpu", adapter=adapter)


def test_an_adapter_that_lost_weights_is_refused(copied: Path, adapter: Path, random_model: Callable[..., Any]) -> None:
    deeper = random_model("llama", vocab_size=49152, hidden_size=16, num_hidden_layers=6)
    deeper.save_pretrained(copied)
    with pytest.raises(AdapterError, match="are missing"):
        load(copied, device="cpu", adapter=adapter)


def test_an_adapter_folder_given_as_model_is_explained(adapter: Path) -> None:
    with pytest.raises(ModelError, match="holds an adapter"):
        load(adapter)

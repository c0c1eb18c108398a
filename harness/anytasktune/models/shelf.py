"""One base kept between sub-tasks: loaded once, its adapters merged in turn and taken out again bit for bit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytasktune.errors import AdapterError, ModelError
from anytasktune.training import adapter as adapters

if TYPE_CHECKING:
    from torch import Tensor

    from anytasktune.models.loading import LoadedModel


def weights_hash(model: Any) -> str:
    """SHA-256 over names, shapes, types and bytes of all parameters and buffers."""
    import torch

    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        total.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return total.hexdigest()


@dataclass(kw_only=True)
class Merged:
    """An adapter in the weights of its base, and what it takes to have the base back.

    Args:
        model: answers as base and adapter do.
    """

    model: Any
    _base: Any
    _kept: dict[str, Tensor]
    _hash: str

    def take_out(self) -> None:
        """Gives the base its own weights back.

        Raises:
            AdapterError: they are not the same as before, bit for bit.
        """
        import torch

        with torch.no_grad():
            here = dict(self._base.named_parameters())
            for name, kept in self._kept.items():
                here[name].copy_(kept)
        if weights_hash(self._base) != self._hash:
            raise AdapterError("The base is not what it was before the adapter.", fix="start the command again")


def merge(base_model: Any, folder: Path) -> Merged:
    """Merges an adapter into its base, as ``training.adapter.load_merged`` does, and keeps what it replaces.

    Raises:
        AdapterError: the adapter does not fit the base.
    """
    if adapters.read_adapter(folder).method == "full":
        return Merged(
            model=adapters.load_merged(base_model, folder), _base=base_model, _kept={}, _hash=weights_hash(base_model)
        )
    before = weights_hash(base_model)
    kept = {
        name: base_model.get_parameter(name).detach().to("cpu", copy=True)
        for name in adapters.adapted_parameters(base_model, folder)
    }
    return Merged(
        model=adapters.load_merged(base_model, folder, keep_base=False), _base=base_model, _kept=kept, _hash=before
    )


@dataclass(kw_only=True)
class Shelf:
    """Keeps the base that was asked for last.

    ``turn`` grows whenever the weights on the shelf change: who holds a model from an earlier turn must not ask it. A
    shelf that no second model will be taken from keeps nothing (``keeps`` is False): memory for the weights that an
    adapter replaces would be wasted.
    """

    keeps: bool = True
    turn: int = 0
    _key: tuple[Any, ...] = ()
    _loaded: LoadedModel | None = field(default=None, repr=False)
    _merged: Merged | None = field(default=None, repr=False)

    def base(
        self, where: str, *, revision: str | None, label: str, device: str, dtype: str, trust_remote_code: bool
    ) -> LoadedModel:
        """The base, without any adapter.

        Raises:
            ModelError: it cannot be loaded.
        """
        from anytasktune.models.loading import load

        key = (where, revision, label, device, dtype, trust_remote_code)
        if self._merged is not None:
            self.turn += 1
            self._merged.take_out()
            self._merged = None
        if self._loaded is None or self._key != key:
            self._loaded = None  # two bases may be more than there is room for
            self._loaded = load(
                where, revision=revision, label=label, device=device, dtype=dtype, trust_remote_code=trust_remote_code
            )
            self._key = key
        return self._loaded

    def merge(self, adapter: Path) -> Any:
        """The base with an adapter in its weights, until the base is asked for again.

        Raises:
            ModelError: no base is on the shelf.
            AdapterError: the adapter does not fit it.
        """
        if self._loaded is None or self._merged is not None:
            raise ModelError("An adapter needs its base on the shelf.", fix="ask for the base first")
        self.turn += 1
        if not self.keeps:
            base, self._loaded = self._loaded.model, None
            return adapters.load_merged(base, adapter, keep_base=False)
        self._merged = merge(self._loaded.model, adapter)
        return self._merged.model

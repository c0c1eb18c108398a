"""Heavy libraries, imported when they are first needed; listing commands never pay for them."""

from __future__ import annotations

import importlib
from typing import Any

from anytasktune.errors import SourceError


def load_library(module: str, purpose: str) -> Any:
    """The module, imported now.

    Args:
        module: with dots, as in an import.
        purpose: "to …", for the message.

    Raises:
        SourceError: it cannot be imported; says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SourceError(
            f"The package {module!r} is needed {purpose} and cannot be imported: {error}",
            fix=f"pip install {module.partition('.')[0].replace('_', '-')}",
        ) from error

"""What a command leaves behind, for the tests of the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output through a strict parser."""

        def refuse(constant: str) -> None:
            raise ValueError(f"{constant} is no JSON")

        return json.loads(self.out, parse_constant=refuse)


Att = Callable[..., Done]

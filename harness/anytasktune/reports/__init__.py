"""How a board looks. ``formats``: the registry, one file a format; ``inert``: hostile text made harmless."""

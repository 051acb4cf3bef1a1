"""流程设计: process owners change a diagram in the browser, see at once what is wrong with it, and put it into force."""

from gateway.studio import (
    back,
    bringing,
    changes,
    drafts,
    editing,
    files,
    force,
    migrations,
    models,
    previewing,
    scenarios,
    trying,
    whatif,
)
from gateway.studio.pages import blueprint

__all__ = [
    "back",
    "blueprint",
    "bringing",
    "changes",
    "drafts",
    "editing",
    "files",
    "force",
    "migrations",
    "models",
    "previewing",
    "scenarios",
    "trying",
    "whatif",
]

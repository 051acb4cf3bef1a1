"""流程设计: process owners change a diagram in the browser, see at once what is wrong with it, and put it into force."""

from gateway.studio import drafts, editing, files, force, models, trying
from gateway.studio.pages import blueprint

__all__ = ["blueprint", "drafts", "editing", "files", "force", "models", "trying"]

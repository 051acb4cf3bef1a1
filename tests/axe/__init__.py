"""axe-core, from npm by the lockfile beside this file, which judges whether people who see or move less can use a page.

Nothing of it is committed. It is given to the page by the browser's debugger, which the page's content policy does not concern.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.servers import npm

FOLDER = Path(__file__).parent


def ensure() -> str | None:
    """Install axe-core unless the lockfile's is there. Returns None when it is there, else why not."""
    return npm.ensure(FOLDER)


def violations(page: Any) -> list[str]:
    """What is wrong with the page as it is now: the rule, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    # What is in order need not be listed: on a large page that takes as long as judging it.
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((said) => said.violations)")
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]

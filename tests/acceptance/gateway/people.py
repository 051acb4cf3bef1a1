"""People at their work: they see labels, buttons and links, and use a mouse, or the keyboard alone. Each click and key is counted.

A page is never opened by its address, but for the first of the day.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ElementHandle, Locator, Page, expect

from tests.acceptance.gateway.conftest import PHONE, WIDE, cut_off

PATIENCE = 30.0
"""Seconds in which what others do has to arrive."""

GLANCE = 700
"""Milliseconds of looking at a page before it is loaded again."""

MOST_TABS = 160
"""From one end of the longest page to the other."""

SIZES = {"1440": WIDE, "390": PHONE}


@dataclass
class Person:
    """Somebody in front of a browser. ``clicks``: what was activated, by a click or by Enter or Space; typing, and going to a field, is
    not counted."""

    page: Page
    url: str
    name: str
    shots: Path | None = None
    looks: bool = True
    """whether each step is looked at in both sizes"""
    clicks: int = 0
    keys: int = 0
    _shown: int = field(default=0, repr=False)

    # -- what a person does --------------------------------------------------------------------------------------------

    def opens(self, path: str) -> None:
        """The one address that is typed, or stands in the bookmarks."""
        self.page.goto(self.url + path)

    def presses(self, name: str, within: str = "body") -> None:
        """A button, a link, or what unfolds something, by its words."""
        self.presses_in(self._control(name, within))

    def goes(self, name: str) -> None:
        """The same, and on to the page that it leads to: where the words of that page are on this one, too."""
        with self.page.expect_navigation():
            self.presses(name)

    def presses_in(self, control: Locator) -> None:
        """A control that is known by where it stands."""
        self.clicks += 1
        self._activate(control)

    def types(self, label: str, text: str) -> None:
        """Put text in a field, in place of what is there."""
        raise NotImplementedError

    def picks(self, label: str, option: str) -> None:
        """Choose in a drop-down list."""
        raise NotImplementedError

    def ticks(self, label: str) -> None:
        """Tick a box, or choose one of several."""
        raise NotImplementedError

    def submits(self) -> None:
        """Enter, in the field that was just typed in."""
        self.clicks += 1
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _activate(self, control: Locator) -> None:
        raise NotImplementedError

    # -- what a person looks at ----------------------------------------------------------------------------------------

    def sees(self, *words: str) -> None:
        """The page says this."""
        for each in words:
            expect(self.page.locator("main")).to_contain_text(each, timeout=1000 * PATIENCE)

    def waits_for(self, words: str) -> None:
        """Look again until the page says this: somebody else, or a system, has something to do first."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return expect(self.page.locator("main")).to_contain_text(words, timeout=GLANCE)
            except AssertionError:
                if time.monotonic() > until:
                    raise
                self.page.reload()

    def shows(self, what: str) -> None:
        """A step is done: at a desk and on a phone the page fits; a picture of both, for whoever wants to look at it."""
        self._shown += 1
        if self.shots is None and not self.looks:
            return
        own = self.page.viewport_size
        for size, (width, height) in SIZES.items():
            if self.page.viewport_size != {"width": width, "height": height}:
                self.page.set_viewport_size({"width": width, "height": height})
            cut = cut_off(self.page)
            assert not cut, f"{self.name}, {what}, {size}: {cut}"
            if self.shots is not None:
                name = f"{self.name}-{self._shown:02}-{what}-{size}.png"
                self.page.screenshot(path=self.shots / name, full_page=True)
        if own is not None:
            self.page.set_viewport_size(own)
            # A window that has grown and shrunk is not where it was: what has the focus may have left it.
            self.page.evaluate("document.activeElement.scrollIntoView({ block: 'nearest' })")

    def _control(self, name: str, within: str) -> Locator:
        page = self.page.locator(within)
        found = page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True))
        return found.or_(page.locator("summary").filter(has_text=re.compile(f"^\\s*{re.escape(name)}\\s*$")))

    def _field(self, label: str) -> Locator:
        found = self.page.get_by_label(re.compile(f"^\\s*{re.escape(label)}(选填)?\\s*$"))
        return found.and_(self.page.locator("input, textarea, select"))


class Mouse(Person):
    """Somebody with a mouse, or a finger."""

    def types(self, label: str, text: str) -> None:
        self._field(label).fill(text)

    def picks(self, label: str, option: str) -> None:
        self.clicks += 1
        self._field(label).select_option(label=option)

    def ticks(self, label: str) -> None:
        self.clicks += 1
        self._field(label).check()

    def _activate(self, control: Locator) -> None:
        control.click()


class Keyboard(Person):
    """Somebody without a mouse. Wherever the focus comes by, it is seen; and it gets to everything that is used."""

    def types(self, label: str, text: str) -> None:
        self._reach(self._field(label))
        self._press("Control+a")
        self.page.keyboard.type(text)
        self.keys += len(text)
        self._leave_and_return(self._field(label))

    def picks(self, label: str, option: str) -> None:
        self.clicks += 1
        box = self._field(label)
        self._reach(box)
        self._press("Home")
        for _ in range(box.locator("option").count()):
            if box.evaluate("(box) => box.selectedOptions[0]?.textContent") == option:
                return
            self._press("ArrowDown")
        raise AssertionError(f"{self.name}: {option} is not reached by the arrows in {label}")

    def ticks(self, label: str) -> None:
        self.clicks += 1
        box = self._field(label)
        if box.get_attribute("type") != "radio":
            self._reach(box)
            return self._press("Space")
        group = self.page.locator(f"input[type=radio][name='{box.get_attribute('name')}']")
        self._reach(group)
        self._press("Space")
        for _ in range(group.count()):
            if box.is_checked():
                return None
            self._press("ArrowDown")
        raise AssertionError(f"{self.name}: {label} is not reached by the arrows")

    def _activate(self, control: Locator) -> None:
        self._reach(control)
        self._press("Enter")

    def _press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)

    def _leave_and_return(self, field: Locator) -> None:
        """No field holds the focus: one step back, and here again."""
        elements = field.element_handles()
        self._press("Shift+Tab")
        assert not self._focus(elements)
        self._press("Tab")
        assert self._focus(elements)

    def _reach(self, wanted: Locator) -> None:
        """The tabulator, until the focus is there."""
        expect(wanted.first).to_be_visible(timeout=1000 * PATIENCE)
        elements = wanted.element_handles()
        for _ in range(MOST_TABS):
            if self._focus(elements):
                return
            self._press("Tab")
        raise AssertionError(f"{self.name}, {self.page.url}: {MOST_TABS} tabulators do not reach {wanted}")

    def _focus(self, elements: Sequence[ElementHandle]) -> bool:
        """Whether the focus is on one of these. Wherever it is, it must be seen."""
        found = self.page.evaluate(_FOCUS, elements)
        assert not found["unseen"], f"{self.name}, {self.page.url}: the focus is not seen on {found['unseen']}"
        return bool(found["there"])


_FOCUS = """(elements) => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return { there: false, unseen: '' };
  const outlined = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  const marked = [focused, ...(focused.labels ?? []), focused.parentElement].some((each) =>
    [null, '::before', '::after'].some((part) => outlined(getComputedStyle(each, part))));
  const box = focused.getBoundingClientRect();
  const inSight = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const above = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
  const bar = document.querySelector('.bar');
  const covered = bar && bar.contains(above) && !bar.contains(focused);
  const seen = marked && inSight && !covered;
  const words = focused.outerHTML.slice(0, 160) + ` (marked: ${marked}, in sight: ${inSight}, covered: ${covered})`;
  return { there: elements.includes(focused), unseen: seen ? '' : words };
}"""


def awaited(look: Callable[[], str | None], what: str) -> str:
    """What a phone gets in the end."""
    until = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > until:
            raise AssertionError(f"{what} does not arrive in {PATIENCE} s")
    return found

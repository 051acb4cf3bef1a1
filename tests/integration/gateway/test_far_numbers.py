"""Numbers in addresses that no row can have: such a page is not found, such a place in a list counts as not given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.gateway.conftest import Browser

FAR = "9" * 30


@pytest.mark.parametrize(
    ("person", "path", "status"),
    [
        ("wx.pan", f"/audit/?before={FAR}", 200),
        ("wx.li", f"/search?q=企业&before=-{FAR}", 200),
        ("wx.yun", f"/operations/quarantine?before={FAR}", 200),
        ("wx.yun", f"/operations/quarantine/{FAR}", 404),
        ("wx.li", f"/?page={FAR}", 200),
        ("wx.sun", f"/supervision?days={FAR}", 200),
    ],
)
def test_numbers_that_no_row_can_have(browser: Callable[[str], Browser], person: str, path: str, status: int) -> None:
    assert browser(person).client.get(path).status_code == status

"""What people do on the page, for all browser tests."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def write(page: Page, words: str, where: str = "channel") -> None:
    """Type into the composer of the channel or the thread, and send."""
    page.fill(f"#{where}-field", words)
    page.press(f"#{where}-field", "Enter")


def go(page: Page, channel: str) -> None:
    """Go to a channel by the left column."""
    page.get_by_role("button", name=re.compile(f"^#{channel}")).first.click()
    expect(page.locator("#channel-name")).to_have_text(f"#{channel}")

"""An HTML page that a test reads: its elements, scripts and text."""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.test import TestResponse


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, response: TestResponse, status: int = 200) -> None:
        super().__init__()
        assert response.status_code == status
        assert response.content_type == "text/html; charset=utf-8"
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._within = ""
        self.feed(response.get_data(as_text=True))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts.append(data)
        elif self._within != "style":
            self.text += data + " "

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]

"""Hooks of MkDocs: the navigation of the site, links to other files of the repository, descriptions, and llms.txt."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
INDEX = "README.md"
#: Pages that others link to, but the index does not.
LEDGER = "reference/fidelity/README.md"
_PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_URLS: dict[str, str] = _PROJECT.get("urls", {})
#: An image of docs/assets, which may have a twin with dark colours.
_SCREENSHOT = re.compile(r"(!\[[^\]]*\])\(((?:\.\./)*assets/([\w-]+))\.webp\)")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^)\s]+)\)")
#: A heading of the index, a bold row of one of its tables, or a link to a page.
_INDEX_ENTRY = re.compile(
    r"^## (?P<section>.+)$|^\| \*\*(?P<group>.+?)\*\* \||\]\((?P<page>[\w/-]+\.md)\)", re.MULTILINE
)

#: The pages of one build in their order, for llms.txt.
_pages: dict[str, Page] = {}


def on_config(config: MkDocsConfig) -> None:
    """Sets the navigation and the addresses."""
    _pages.clear()
    config.nav = navigation((ROOT / "docs" / INDEX).read_text("utf-8"))
    if config.site_url is None:
        config.site_url = _URLS.get("Documentation")


def navigation(index: str) -> list[Any]:
    """Returns the navigation of MkDocs: the sections and the groups of the index, with the pages that it links to, each once."""
    top: list[Any] = [{"Home": INDEX}]
    section = group = top
    # What stands above the first heading is an introduction.
    index = index[index.index("\n## ") :]
    seen = {INDEX}
    for match in _INDEX_ENTRY.finditer(index):
        if (title := match["section"]) is not None:
            section = group = []
            top.append({title: section})
        elif (title := match["group"]) is not None:
            group = []
            section.append({title[0].upper() + title[1:]: group})
        elif (page := match["page"]) not in seen:
            seen.add(page)
            group.append({"Fidelity": ledger_pages()} if page == LEDGER else page)
    return [entry for entry in top if isinstance(entry, str) or all(entry.values())]


def ledger_pages() -> list[str | dict[str, str]]:
    """Returns the pages of the fidelity ledger: its index, then one for each area in the order of the index."""
    index = (ROOT / "docs" / LEDGER).read_text("utf-8")
    areas = re.findall(r"^\| \[([^\]]+)\]\(([\w-]+\.md)\)", index, flags=re.MULTILINE)
    return [LEDGER, *({area: str(PurePosixPath(LEDGER).with_name(name))} for area, name in areas)]


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Points links to other files of the repository to where the repository is, removes what stands before the title, adds dark twins."""
    _pages[page.file.src_uri] = page
    if page.file.src_uri == INDEX:
        page.meta["hide"] = ["navigation"]
    markdown = re.sub(r"\A<!--.*?-->\s*", "", markdown, flags=re.DOTALL)

    def replace(match: re.Match[str]) -> str:
        text, target = match.groups()
        path = repository_path(page.file.src_uri, target)
        if path is None:
            return match[0]
        repository = _URLS.get("Repository")
        return f"[{text}]({repository}/blob/main/{path})" if repository else text

    return "".join(
        part if part.startswith("```") else _SCREENSHOT.sub(with_dark_twin, _LINK.sub(replace, part))
        for part in re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    )


def with_dark_twin(match: re.Match[str]) -> str:
    """Returns a screenshot and its twin with dark colours, of which the theme shows the one that fits."""
    alt, path, name = match.groups()
    if not (ROOT / "docs" / "assets" / f"{name}-dark.webp").exists():
        return match[0]
    return f"{alt}({path}.webp#only-light){alt}({path}-dark.webp#only-dark)"


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Removes the backslash of a pipe in code within a table, as GitHub does, and describes the page for search engines."""
    page.meta.setdefault("description", summary(page.markdown or ""))
    return re.sub(r"<code>[^<]*</code>", lambda match: match[0].replace("\\|", "|"), html)


def summary(markdown: str) -> str:
    """Returns the first sentence of a page as plain text."""
    without_code = re.sub(r"^```.*?^```$|<!--.*?-->", "", markdown, flags=re.MULTILINE | re.DOTALL)
    paragraphs = (" ".join(each.split()) for each in without_code.split("\n\n"))
    text = next((each for each in paragraphs if re.match(r"[\w`*\[]", each)), "")
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", text).replace("`", "")
    return re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].rstrip(":")


def repository_path(page: str, target: str) -> str | None:
    """Returns the path in the repository of a file outside of docs/ that a page links to, else ``None``."""
    if re.match(r"[a-z]+:|[#/<]", target):
        return None
    path = (ROOT / "docs" / page).parent.joinpath(target.partition("#")[0]).resolve()
    docs = ROOT.resolve() / "docs"
    if path.is_relative_to(docs) or not path.is_relative_to(ROOT.resolve()):
        return None
    return path.relative_to(ROOT.resolve()).as_posix()


def on_post_build(config: MkDocsConfig) -> None:
    """Writes llms.txt, llms-full.txt, and the Markdown of each page under the path that it has in docs/."""
    site = Path(config.site_dir)
    base = config.site_url or ""
    ordered = [_pages[name] for name in page_names(config.nav or []) if name in _pages]
    for page in ordered:
        target = site / page.file.src_uri
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page.markdown or "", "utf-8")
    (site / "llms.txt").write_text("\n".join(_llms_index(config, base)) + "\n", "utf-8")
    full = [page for page in ordered if not page.file.src_uri.startswith("reference/fidelity/")]
    texts = (f"<!-- {base}{page.file.src_uri} -->\n\n{(page.markdown or '').strip()}\n" for page in full)
    (site / "llms-full.txt").write_text("\n".join(texts), "utf-8")


def page_names(entries: list[Any]) -> Iterator[str]:
    """Yields the pages of a navigation in their order."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for value in entry.values():
                yield from [value] if isinstance(value, str) else page_names(value)


def _llms_index(config: MkDocsConfig, base: str) -> Iterator[str]:
    yield from (f"# {config.site_name}", "", f"> {_PROJECT['description']}", "")
    yield f"All of it in one file: [llms-full.txt]({base}llms-full.txt). A skill for agents: `make-emulator skill`."
    optional: list[str] = []
    for entry in config.nav or []:
        [(title, value)] = entry.items()
        yield from ("", f"## {title}", "")
        for name in page_names([value] if isinstance(value, str) else value):
            if name.startswith(f"{PurePosixPath(LEDGER).parent}/") and name != LEDGER:
                optional.append(name)
            else:
                yield _llms_entry(name, base)
    # By the convention of llms.txt, what may be left out of a short context.
    yield from ("", "## Optional", "", *(_llms_entry(name, base) for name in optional))


def _llms_entry(name: str, base: str) -> str:
    page = _pages[name]
    return f"- [{page.title}]({base}{name}): {summary(page.markdown or '')}"

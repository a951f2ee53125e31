"""What the site needs beyond the pages: the examples as pages of their own, and the promise that nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
NO_LOADING: Final = {"canonical", "prev", "next", "alternate"}  # kinds of <link> that tell, and load nothing


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of examples/, which pages link to beside the docs folder."""
    for path in sorted(EXAMPLES.glob("*.py")):
        page = f"# {path.name}\n\n```python\n{path.read_text(encoding='utf-8')}```\n"
        made = File.generated(config, f"examples/{path.stem}.md", content=page)
        made.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(made)
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let links to examples lead to those pages."""
    return re.sub(r"\]\(\.\./examples/(\w+)\.py\)", r"](examples/\1.md)", markdown)


class Loads(HTMLParser):
    """Gathers what a page would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at what a tag loads."""
        given = dict(attrs)
        address = given.get(LOADED.get(tag, "")) or ""
        if re.match(r"(https?:)?//", address) and given.get("rel") not in NO_LOADING:
            self.outside.append(address)


def on_post_page(output: str, **_: object) -> str:
    """Refuse a page that would fetch something when it is opened."""
    loads = Loads()
    loads.feed(output)
    if loads.outside:
        raise PluginError(f"the site has to open without a network, a page loads {', '.join(loads.outside)}")
    return output

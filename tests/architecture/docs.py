"""Write the README's table of components: python tests/architecture/docs.py"""

from __future__ import annotations

from pathlib import Path

from mindkit.config.catalogue import describe_components
from mindkit.hooks import load_plugins

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- components: made by `make docs` -->\n", "<!-- end of components -->\n"


def table() -> str:
    """Return every component with its description and options, as a Markdown table."""
    lines = ["| kind | type | what it does | options | plugin |", "|---|---|---|---|---|"]
    for one in describe_components(load_plugins().registries):
        options = ", ".join(f"`{option['name']}`" for option in one["options"])
        description = one["description"].replace("|", "\\|")
        cells = (one["kind"], f"`{one['name']}`", description, options, one["plugin"])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def rendered(text: str) -> str:
    """Return the README's text with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")

"""The ``longwave`` command: starts the CLI, or says what to install if the server is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec

SERVER_MODULES = (
    "aiosmtpd",
    "alembic",
    "apprise",
    "apscheduler",
    "argon2",
    "babel",
    "cel_expr_python",
    "cryptography",
    "fastapi",
    "httptools",
    "httpx",
    "jinja2",
    "markdown_it",
    "psycopg",
    "pyarrow",
    "pydantic_settings",
    "pyreadstat",
    "python_multipart",
    "sqlmodel",
    "tzdata",
    "uvicorn",
    *(() if sys.platform == "win32" else ("uvloop",)),
    "yaml",
)
"""What the extra ``server`` brings, by the names under which it is imported."""


def main() -> None:
    """Run the command line, or exit with 2 where the server's packages are not installed."""
    missing = [name for name in SERVER_MODULES if find_spec(name) is None]
    if missing:
        print(
            "longwave runs studies, and needs packages that are not installed here: "
            f"{', '.join(missing)}.\n"
            'Install them with: pip install "longwave[server]"\n'
            "(The analysis alone, `crosslag`, works without them.)",
            file=sys.stderr,
        )
        sys.exit(2)
    from longwave.cli.app import app

    app()

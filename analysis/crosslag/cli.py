"""The command ``crosslag``."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crosslag.errors import CrosslagError, DataError, ModelError
from crosslag.reading import read_table

if TYPE_CHECKING:
    from rich.console import Console

    from crosslag.model import Model
    from crosslag.results import Fit

__all__ = ["app", "main"]

_USAGE = 2  # how the parser of the command line ends on a wrong option
MODELS = ("clpm", "clpm_lag2", "riclpm", "lcm_sr", "dpm", "starts")

app = typer.Typer(
    help="Panel models for longitudinal data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from importlib.metadata import version

    typer.echo(f"crosslag {version('longwave')}")
    raise typer.Exit


@app.callback()
def _commands(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Panel models for longitudinal data."""


@app.command("fit")
def fit_command(
    data: Annotated[
        Path,
        typer.Argument(
            help="Text file with a header and one row per person; commas, semicolons or tabs"
            " between columns."
        ),
    ],
    variable: Annotated[
        list[str] | None,
        typer.Option(help="A variable and its columns by wave: NAME=COLUMN,COLUMN,... Repeatable."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(MODELS)}; riclpm if not given.")
    ] = None,
    equal: Annotated[
        list[str] | None,
        typer.Option(
            help="What to hold equal: lags, standardised_lags, residuals, means, ...; several with"
            " commas."
        ),
    ] = None,
    syntax: Annotated[
        Path | None, typer.Option(help="File with a model in lavaan's syntax, instead.")
    ] = None,
    auto: Annotated[str, typer.Option(help="What to add to a syntax: sem or none.")] = "sem",
    group: Annotated[str | None, typer.Option(help="Column that tells groups apart.")] = None,
    estimator: Annotated[str, typer.Option(help="ML or MLR (robust).")] = "ML",
    missing: Annotated[str, typer.Option(help="listwise or fiml.")] = "listwise",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for estimates.csv, indices.json, summary.txt and model.lav."),
    ] = None,
) -> None:
    """Fit a panel model and print lagged effects, fit measures and the other parameters."""
    import crosslag

    specification = _model(model, variable or [], equal or [], syntax, auto)
    frame, notes = read_table(data)
    if out is not None:
        _make_folder(out)
    fitted = crosslag.fit(
        specification,
        frame,
        estimator=_choice("--estimator", estimator.upper(), ("ML", "MLR")),  # type: ignore[arg-type]
        missing=_choice("--missing", missing.lower(), ("listwise", "fiml")),  # type: ignore[arg-type]
        group=group,
    )
    fitted = replace(fitted, warnings=(*notes, *fitted.warnings))
    _show(fitted)
    if out is not None:
        _write(fitted, out)
    if not fitted.converged:
        raise typer.Exit(1)


def _choice(option: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ModelError(f"{option} {value}: choose one of {', '.join(known)}.")
    return value


def _model(
    name: str | None, variables: list[str], equal: list[str], syntax: Path | None, auto: str
) -> Model:
    if syntax is None:
        if not variables:
            raise ModelError("Give every --variable of the model, or a file with --syntax.")
        return _built(name or "riclpm", variables, equal)
    if name or variables or equal:
        raise ModelError("--syntax says all of the model; leave --model, --variable, --equal out.")
    from crosslag.syntax import parse

    try:
        text = syntax.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ModelError(f"{syntax} can't be read: {reason}.") from error
    return parse(text, _choice("--auto", auto.lower(), ("sem", "none")))  # type: ignore[arg-type]


def _built(name: str, variables: list[str], equal: list[str]) -> Model:
    from crosslag import builders

    panel: dict[str, list[str]] = {}
    for text in variables:
        label, sign, columns = text.partition("=")
        if not sign or not label.strip() or not columns.strip():
            raise ModelError(f"--variable {text}: write it as NAME=COLUMN,COLUMN,...")
        if label.strip() in panel:
            raise ModelError(f"--variable {label.strip()} is given twice.")
        panel[label.strip()] = _columns(text, columns)
    equal = [option.strip() for options in equal for option in options.split(",")]
    match _choice("--model", name.lower().replace("ri-clpm", "riclpm").replace("-", "_"), MODELS):
        case "riclpm":
            return builders.riclpm(panel, equal=equal)
        case "lcm_sr":
            return builders.lcm_sr(panel, equal=equal)
        case "dpm":
            return builders.dpm(panel, equal=equal)
        case "starts":
            return builders.starts(panel, equal=equal)
        case other:
            return builders.clpm(panel, lags=2 if other == "clpm_lag2" else 1, equal=equal)


def _columns(text: str, columns: str) -> list[str]:
    if "," not in columns and re.search(r"\S[;\s]+\S", columns):
        raise ModelError(f"--variable {text}: separate the columns by commas.")
    return [column.strip() for column in columns.split(",")]


def _show(fitted: Fit) -> None:
    from rich.console import Console

    from crosslag import report

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.print(fitted.summary(), markup=False, end="")
        return
    for label, text in report.heading(fitted):
        console.print(f"[bold]{label}[/bold]  ", end="")
        console.print(text, markup=False)
    if fitted.converged:
        grouped = len(fitted.group_names) > 1
        titled = list(report.sections(fitted))
        for position, (title, part) in enumerate(titled):
            rows = [report.cells(row, grouped=grouped) for _, row in part.iterrows()]
            _print_table(console, title, report.column_names(grouped=grouped), rows)
            if position == 0:
                measures = [list(line) for line in report.fit_lines(fitted)]
                _print_table(console, "Fit", ["measure", "value"], measures)
    for warning in fitted.warnings:
        console.print("[yellow]Note:[/yellow] ", end="")
        console.print(warning, markup=False)


def _print_table(console: Console, title: str, header: list[str], rows: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for i, name in enumerate(header):
        left = i == 0 or name == "parameter"
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Can't write to {folder}: {error.strerror}.") from error


def _write(fitted: Fit, folder: Path) -> None:
    import math

    indices = {k: None if math.isnan(v) else v for k, v in fitted.indices.items()}
    known = {
        "model": fitted.model.kind,
        "converged": fitted.converged,
        "admissible": fitted.admissible,
        "warnings": list(fitted.warnings),
        "indices": indices,
    }
    try:
        fitted.estimates.to_csv(folder / "estimates.csv", index=False)
        text = json.dumps(known, indent=2, ensure_ascii=False)
        (folder / "indices.json").write_text(text + "\n", encoding="utf-8")
        (folder / "summary.txt").write_text(fitted.summary(), encoding="utf-8")
        with suppress(ModelError):  # columns whose names no syntax has
            (folder / "model.lav").write_text(fitted.to_lavaan(), encoding="utf-8")
    except OSError as error:
        raise DataError(f"Can't write to {folder}: {error.strerror}.") from error


def main() -> None:
    """Run the command; any bad input ends in one message on stderr and exit code 1."""
    try:
        app()
    except CrosslagError as error:
        print(f"crosslag: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"crosslag: the output can't be written: {error.strerror}.", file=sys.stderr)
        sys.exit(1)
    except SystemExit as error:
        sys.exit(1 if error.code == _USAGE else error.code)


if __name__ == "__main__":
    main()

"""What is assumed of people: defaults, a YAML file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from longwave.domain.duration import Duration
from longwave.domain.errors import InvalidInputError
from longwave.rehearsal.rehearse import Assumptions, check_share, read_assumptions


def written(folder: Path, text: str) -> Path:
    path = folder / "assume.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_file_does_not_name_keeps_its_default(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        dropout: 0.3
        recruitment: P6M
        zones: {Europe/London: 0.2}
        screening: {profession: {nurse: 0.7, physician: 0.3}, age: [25, 60]}
        most_a_day: 3
        """,
    )
    found = read_assumptions(path)
    assert (found.dropout, found.recruitment, found.most_a_day) == (0.3, Duration(months=6), 3)
    assert found.zones == {"Europe/London": 0.2}
    assert found.screening == {"profession": {"nurse": 0.7, "physician": 0.3}, "age": (25, 60)}
    assert found.nonresponse == Assumptions().nonresponse


def test_an_empty_file_assumes_the_defaults(tmp_path: Path) -> None:
    assert read_assumptions(written(tmp_path, "# nothing\n")) == Assumptions()


def test_nobody_may_live_elsewhere(tmp_path: Path) -> None:
    assert read_assumptions(written(tmp_path, "zones: {}\n")).zones == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dropuot: 0.2", "dropuot is no assumption. Did you mean 'dropout'?"),
        ("dropout: 2", "dropout is 2"),
        ("dropout: many", "dropout is 'many', which is no number"),
        ("dropout: .nan", "which is no number"),
        ("delay: 0", "it is 0.001 or more"),
        ("recruitment: soon", "recruitment is wrong: 'soon' is not an ISO 8601 duration"),
        ("zones: {Europe/London: 0.6, Europe/Berlin: 0.6}", "zones adds up to 1.2"),
        ("sites: north", "sites is no mapping"),
        ("sites: {north: 0}", "sites adds up to 0"),
        ("screening: {age: [40, 30]}", "screening.age goes from 40 down to 30"),
        ("screening: {age: [40]}", "screening.age is no range"),
        ("most_a_day: 1.5", "it is a whole number"),
        ("- dropout", "holds no mapping"),
        ("dropout: [", "is no YAML"),
    ],
)
def test_what_cannot_be_assumed_is_told_with_file_and_key(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(InvalidInputError) as failure:
        read_assumptions(written(tmp_path, text))
    assert told in str(failure.value)
    assert "assume.yaml" in str(failure.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"):
        read_assumptions(tmp_path / "nowhere.yaml")


def test_a_share_lies_between_nothing_and_all() -> None:
    assert check_share(1.0, "--dropout") == 1.0
    with pytest.raises(InvalidInputError, match=r"--dropout is 1\.5"):
        check_share(1.5, "--dropout")

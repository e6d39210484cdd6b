"""Wordings from the files that teams have: what is taken, and how each fault is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import pytest
from factories.library import library

from longwave.domain.instrument import Instrument
from longwave.domain.protocol.instruments import instrument_file, read_entry, wording_file
from longwave.domain.wording import Told, WordingFaults, imported_wording

ONE = """\
longwave: 1
id: mood
version: "1"
licence: Made for tests.
minutes: 1
answers: {minimum: 1, maximum: 3}
items: [q1, q2, q3]
scales:
  - {id: total, method: mean, items: [q1, q2, q3]}
"""
MIXED = """\
longwave: 1
id: mood
version: "1"
licence: Made for tests.
minutes: 1
answers: {minimum: 0, maximum: 1}
items:
  - feels
  - {id: place, kind: choice, options: [ward, office]}
  - {id: hours, kind: number}
scales: []
"""
Lines = list[list[str]]


def structure(text: str = ONE) -> Instrument:
    return read_entry("mood", {instrument_file("mood"): text.encode()})


def written(lines: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(lines)
    return stream.getvalue().encode()


PLAIN: Lines = [
    ["part", "id", "value", "text"],
    ["title", "", "", "Duygular"],
    ["instruction", "", "", 'Son hafta, "genel olarak":'],
    ["answer", "", "1", "az"],
    ["answer", "", "2", "orta, ne az ne çok"],
    ["answer", "", "3", "çok"],
    ["item", "q1", "", "Şu bir: soru #1"],
    ["item", "q2", "", "yes"],
    ["item", "q3", "", "1e5"],
    ["scale", "total", "", "Toplam"],
]
XLSFORM: Lines = [
    ["survey"],
    ["", "type", "name", "label::English (en)", "label::Türkçe (tr)"],
    ["", "start", "start", "", ""],
    ["", "begin group", "g", "Feelings", "Duygular"],
    ["", "note", "n", "Last week:", "Son hafta:"],
    ["", "select_one amount", "mood_1", "One", "Bir"],
    ["", "select_one amount", "mood_2", "Two", "İki"],
    ["", "select_one amount", "mood_3", "Three", "Üç"],
    ["", "end group", "", "", ""],
    ["choices"],
    ["", "list_name", "name", "label::English (en)", "label::Türkçe (tr)"],
    ["", "amount", "1", "little", "az"],
    ["", "amount", "2", "some", "orta"],
    ["", "amount", "3", "much", "çok"],
]
REDCAP: Lines = [
    [
        "Variable / Field Name",
        "Form Name",
        "Section Header",
        "Field Type",
        "Field Label",
        "Choices, Calculations, OR Slider Labels",
    ],
    ["mood_01", "mood", "Son hafta:", "radio", "Bir", "1, az | 2, orta, ne az ne çok | 3, çok"],
    ["mood_02", "mood", "", "radio", "İki", "1, az | 2, orta, ne az ne çok | 3, çok"],
    ["mood_03", "mood", "", "dropdown", "Üç", "1, az | 2, orta, ne az ne çok | 3, çok"],
]


def taken(
    content: bytes | dict[str, bytes],
    text: str = ONE,
    told: Told | None = None,
    language: str = "tr",
) -> Instrument:
    """Import a file, and read the wording as a study does."""
    sheets = content if isinstance(content, dict) else {"": content}
    one = structure(text)
    wording = imported_wording(one, language, "mine.csv", sheets, None, told)
    files = {instrument_file("mood"): text.encode(), wording_file("mood", language): wording}
    return read_entry("mood", files)


def test_the_plain_form_is_taken_whole() -> None:
    mood = taken(written(PLAIN))
    assert mood.title == {"tr": "Duygular"}
    assert mood.instruction == {"tr": 'Son hafta, "genel olarak":'}
    assert [item.text["tr"] for item in mood.items] == ["Şu bir: soru #1", "yes", "1e5"]
    assert [option.label["tr"] for option in mood.items[0].options] == [
        *("az", "orta, ne az ne çok", "çok"),
    ]
    assert mood.scales[0].label == {"tr": "Toplam"}
    assert mood.placeholder == frozenset()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_spreadsheets_make_of_csv_is_read(delimiter: str, mark: bytes) -> None:
    content = mark + written(PLAIN, delimiter)
    assert taken(content) == taken(written(PLAIN))


def test_line_ends_within_quotes_and_blank_lines_do_not_matter() -> None:
    lines = [["", "", "", ""], *PLAIN]
    lines[3] = ["instruction", "", "", 'Son hafta,\n"genel olarak":']
    content = written(lines).replace(b"\r\n", b"\n")
    assert taken(content).instruction == {"tr": 'Son hafta, "genel olarak":'}


def test_choices_and_numbers_and_single_labels_have_their_places() -> None:
    lines = [
        *PLAIN[:3],
        ["answer", "", "0", "hayır"],
        ["answer", "", "1", "evet"],
        ["item", "feels", "", "İyi misiniz?"],
        ["item", "place", "", "Nerede?"],
        ["option", "place", "ward", "Servis"],
        ["option", "place", "office", "Ofis"],
        ["item", "hours", "", "Kaç saat?"],
    ]
    mood = taken(written(lines), MIXED)
    assert [option.label["tr"] for option in mood.item("feels").options] == ["hayır", "evet"]
    assert [option.label["tr"] for option in mood.item("place").options] == ["Servis", "Ofis"]
    assert mood.item("hours").text == {"tr": "Kaç saat?"}


def test_a_number_has_no_answers() -> None:
    lines = [*PLAIN[:3], ["item", "hours", "", "Kaç saat?"], ["option", "hours", "1", "Bir"]]
    assert any(
        "row 5, value: hours takes a number" in told for told in faults(written(lines), MIXED)
    )


def test_an_xlsform_is_taken_in_the_language_asked_for() -> None:
    mood = taken(written(XLSFORM))
    assert mood.title == {"tr": "Duygular"}
    assert mood.instruction == {"tr": "Son hafta:"}
    assert [item.text["tr"] for item in mood.items] == ["Bir", "İki", "Üç"]
    assert [option.label["tr"] for option in mood.items[2].options] == ["az", "orta", "çok"]
    english = taken(written(XLSFORM), language="en")
    assert [item.text["en"] for item in english.items] == ["One", "Two", "Three"]


def test_the_sheets_of_an_xlsform_may_be_files() -> None:
    sheets = {
        "survey": written(line[1:] for line in XLSFORM[1:9]),
        "choices": written(line[1:] for line in XLSFORM[10:]),
    }
    assert taken(sheets) == taken(written(XLSFORM))


def test_the_types_of_an_xlsform_reach_choices_and_numbers() -> None:
    lines = [
        ["survey"],
        ["", "type", "name", "label"],
        ["", "select_one yesno", "feels", "Fine?"],
        ["", "select_one place", "place", "Where?"],
        ["", "integer", "hours", "How long?"],
        ["choices"],
        ["", "list_name", "name", "label"],
        ["", "yesno", "0", "no"],
        ["", "yesno", "1", "yes"],
        ["", "place", "ward", "Ward"],
        ["", "place", "office", "Office"],
    ]
    mood = taken(written(lines), MIXED, Told("Shifts", "How was it?"))
    assert mood.title == {"tr": "Shifts"}
    assert [option.label["tr"] for option in mood.item("place").options] == ["Ward", "Office"]
    assert mood.item("hours").text == {"tr": "How long?"}


def test_a_redcap_dictionary_is_taken() -> None:
    mood = taken(written(REDCAP), told=Told(title="Duygular"))
    assert mood.instruction == {"tr": "Son hafta:"}
    assert [item.text["tr"] for item in mood.items] == ["Bir", "İki", "Üç"]
    assert mood.items[2].options[1].label == {"tr": "orta, ne az ne çok"}


def test_items_with_other_labels_than_most_keep_theirs() -> None:
    lines = [*PLAIN, *(["option", "q2", str(value), f"ölçü {value}"] for value in (1, 2, 3))]
    mood = taken(written(lines))
    assert mood.items[1].options[0].label == {"tr": "ölçü 1"}
    assert mood.items[0].options[0].label == {"tr": "az"}


def test_names_of_scales_come_from_the_wordings_at_hand_where_the_file_has_none() -> None:
    lines = [
        *PLAIN[:3],
        *(["answer", "", str(value), f"v{value}"] for value in range(4)),
        *(["item", f"q{number}", "", f"Madde {number}"] for number in range(1, 5)),
    ]
    phq = library()["phq_4"]
    wording = imported_wording(phq, "tr", "mine.csv", {"": written(lines)}).decode()
    assert '"anxiety": "Kaygı"' in wording
    assert phq.signposting["tr"].split()[0] in wording
    german = imported_wording(library()["maas"], "de", "m.csv", {"": maas_lines()}).decode()
    assert '"total": "Mindful attention"' in german
    publisher = imported_wording(library()["mbi_hss"], "de", "m.csv", {"": mbi_lines()}).decode()
    assert '"accomplishment": "Personal accomplishment"' in publisher


def many(items: int, values: Iterable[int]) -> bytes:
    return written(
        [
            *PLAIN[:3],
            *(["answer", "", str(value), f"v{value}"] for value in values),
            *(["item", f"q{number}", "", f"Item {number}"] for number in range(1, items + 1)),
        ]
    )


def maas_lines() -> bytes:
    return many(15, range(1, 7))


def mbi_lines() -> bytes:
    return many(22, range(7))


# --- what can be wrong ---------------------------------------------------------------------------


def faults(
    content: bytes | dict[str, bytes], text: str = ONE, told: Told | None = None
) -> list[str]:
    with pytest.raises(WordingFaults) as caught:
        taken(content, text, told)
    for fault in caught.value.faults:
        assert fault.remedy
        assert str(fault) in caught.value.message
    return [str(fault) for fault in caught.value.faults]


def plain(*changes: tuple[int, list[str] | None]) -> bytes:
    """The plain form with lines replaced, or removed; numbers as in a spreadsheet."""
    lines = dict(enumerate(PLAIN, start=1)) | dict(changes)
    return written(line for _, line in sorted(lines.items()) if line is not None)


BAD = {
    "an empty file": (b"", ["mine.csv: The file is empty."]),
    "only blank lines": (b"\n \r\n", ["mine.csv: The file is empty."]),
    "a workbook": (b"PK\x03\x04 and so on", ["mine.csv: This is a workbook"]),
    "an old workbook": (b"\xd0\xcf\x11\xe0", ["mine.csv: This is a workbook"]),
    "Latin-5": (
        "part,id,value,text\ntitle,,,Şöyle\n".encode("iso8859-9"),
        ["mine.csv, row 2: This is not UTF-8"],
    ),
    "UTF-16": ("part,id".encode("utf-16"), ["mine.csv: This is UTF-16"]),
    "a control character": (b"part,id,value,text\ntitle,,,a\x07b\n", ["row 2: The text holds a"]),
    "a quote that never ends": (
        b'part,id,value,text\ntitle,,,"Open\nitem,q1,,x\n',
        ["row 2: The row cannot be read as CSV"],
    ),
    "text behind a quote": (b'part,id,value,text\ntitle,,,"a"b\n', ["row 2: The row cannot be"]),
    "another header": (b"a,b\n1,2\n", ["row 1: The header is that of no format"]),
    "a column twice": (
        plain((1, ["part", "id", "value", "text", "text"])),
        ["row 1, text: The column is there twice"],
    ),
    "a column too few": (plain((1, ["part", "id", "x", "text"])), ["row 1, value: The column is"]),
    "a comma without quotes": (
        plain((7, ["item", "q1", "", "One", " two"])),
        ["row 7: The row has more cells than the header"],
    ),
    "no title": (plain((2, None)), ["mine.csv: The title is missing. Add it to the file"]),
    "two titles": (plain((3, ["title", "", "", "x"])), ["row 3, part: A second title", "instruct"]),
    "a part nobody knows": (
        plain((10, ["scales", "total", "", "x"])),
        ["row 10, part: 'scales' is no part of a wording. Did you mean 'scale'?"],
    ),
    "an item without id": (
        plain((9, ["item", "", "", "x"])),
        ["row 9, id: The item has no id", "1 of the 3 items of mood are missing: q3"],
    ),
    "an item missing": (plain((8, None)), ["1 of the 3 items of mood are missing: q2"]),
    "an item twice": (
        plain((9, ["item", "q2", "", "x"])),
        ["row 9, id: The item q2 is there twice; it was first in row 8", "missing: q3"],
    ),
    "an item too many": (
        plain((11, ["item", "q4", "", "x"])),
        ["row 11, id: mood has no item 'q4'. Name its items q1 to q3"],
    ),
    "another order": (
        plain((7, ["item", "q2", "", "x"]), (8, ["item", "q1", "", "y"])),
        ["row 8, id: The item q1 comes after q2"],
    ),
    "an empty item": (plain((8, ["item", "q2", "", " "])), ["row 8, text: The text is empty"]),
    "HTML": (plain((8, ["item", "q2", "", "a <b>b</b>"])), ["row 8, text: The text holds '<b>'"]),
    "a reference": (plain((8, ["item", "q2", "", "In ${x}"])), ["row 8, text: The text holds"]),
    "an answer too few": (
        plain((6, None)),
        ["row 4, value: The question q1 and 2 more has 2 answers; the instrument has 3"],
    ),
    "an answer too many": (
        plain((10, ["answer", "", "4", "pek çok"])),
        ["has 4 answers; the instrument has 3. Give the answers 1, 2, 3."],
    ),
    "other values": (
        plain((4, ["answer", "", "0", "hiç"])),
        ["The answers of q1 and 2 more are 0, 2, 3; the instrument has 1, 2, 3"],
    ),
    "the other way round": (
        plain((4, PLAIN[5]), (6, PLAIN[3])),
        ["are 3, 2, 1, the opposite order; the instrument has 1, 2, 3"],
    ),
    "an empty answer": (
        plain((5, ["answer", "", "2", ""])),
        ["row 5, value: The answer 2 of q1 and 2 more has no text"],
    ),
    "two answers alike": (
        plain((5, ["answer", "", "2", "az"])),
        ["row 5, value: Two answers of q1 and 2 more are called 'az'"],
    ),
    "an answer without value": (
        plain((5, ["answer", "", "", "orta"])),
        ["row 5, value: The answer has no value", "has 2 answers"],
    ),
    "options of no item": (
        plain((10, ["option", "q9", "1", "x"])),
        ["row 10, id: There is no item 'q9' here"],
    ),
    "a scale nobody knows": (
        plain((10, ["scale", "totl", "", "x"])),
        ["id: mood has no scale 'totl'. Did you mean 'total'?"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_fault_of_a_table_is_told_with_its_place(case: str) -> None:
    content, expected = BAD[case]
    found = faults(content)
    assert len(found) == len(expected), found
    assert all(any(part in fault for fault in found) for part in expected), found


def xlsform(*changes: tuple[int, list[str] | None]) -> bytes:
    lines = dict(enumerate(XLSFORM, start=1)) | dict(changes)
    return written(line for _, line in sorted(lines.items()) if line is not None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            xlsform((2, ["", "type", "name", "label::English (en)", "hint"])),
            "(survey), row 1, label: No column of labels is in language 'tr'; there is: "
            "label::English (en)",
        ),
        (
            xlsform((6, ["", "select_one amout", "mood_1", "One", "Bir"])),
            "(survey), row 6, type: There is no list of choices 'amout'",
        ),
        (
            xlsform((6, ["", "text", "mood_1", "One", "Bir"])),
            "(survey), row 6, type: A question of type 'text' is in no instrument",
        ),
        (
            xlsform((7, ["", "select_one amount", "mood_2", "Two", ""])),
            "(survey), row 7, label::türkçe (tr): The text is empty",
        ),
        (
            xlsform((13, ["", "amount", "2", "some", "az"])),
            "(choices), row 13, name: Two answers of q1 and 2 more are called 'az'",
        ),
        (xlsform((14, None)), "(choices), row 12, name: The question q1 and 2 more has 2 answers"),
        (
            xlsform((8, ["", "select_one amount", "mood_7", "Three", "Üç"])),
            "(survey), row 8, name: mood has no item 'mood_7'",
        ),
        ({"choices": written([["list_name", "name", "label"]])}, "There is no sheet 'survey'"),
        (
            {"survey": written(line[1:] for line in XLSFORM[1:9])},
            "(survey), row 5, type: There is no list of choices 'amount'",
        ),
    ],
)
def test_each_fault_of_an_xlsform_is_told_with_its_place(
    content: bytes | dict[str, bytes], expected: str
) -> None:
    assert any(expected in fault for fault in faults(content))


def redcap(row: int, column: int, text: str) -> bytes:
    lines = [list(line) for line in REDCAP]
    lines[row - 1][column] = text
    return written(lines)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (redcap(3, 3, "yesno"), "row 3, field type: A field of type yesno does not say"),
        (redcap(3, 3, "file"), "row 3, field type: A field of type 'file' is in no instrument"),
        (redcap(3, 5, "1 az | 2, orta"), "'1 az' is no choice"),
        (redcap(3, 5, "1, az | 2, orta"), "The question q2 has 2 answers; the instrument has 3"),
        (redcap(3, 1, "other"), "row 3, form name: A second form, 'other', begins here"),
        (redcap(1, 4, "Label"), "row 1, field label: The column is missing"),
        (redcap(4, 0, "mood_02"), "row 4, variable / field name: The item q2 is there twice"),
    ],
)
def test_each_fault_of_a_data_dictionary_is_told_with_its_place(
    content: bytes, expected: str
) -> None:
    assert any(expected in fault for fault in faults(content, told=Told(title="x")))


def test_a_folder_is_an_xlsform_and_nothing_else() -> None:
    with pytest.raises(WordingFaults, match="A folder is no file in the format redcap"):
        imported_wording(structure(), "tr", "mine", {"survey": b"type,name\n"}, "redcap")


@pytest.mark.parametrize("cut", range(0, len(written(PLAIN)), 7))
def test_a_file_that_ends_early_is_refused_or_still_whole(cut: int) -> None:
    """Nothing but a clear refusal comes of a file of which a part was lost."""
    try:
        mood = taken(written(PLAIN)[:cut])
    except WordingFaults as error:
        assert error.faults
    else:
        assert len(mood.items) == 3

"""A participant's copy as one file: pages to read, and the same for programs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import asdict
from datetime import datetime

from longwave.services.own_copy import OwnCopy
from longwave.web.rendering import markdown, page

_COLUMNS = ("wave", "occurrence", "instrument", "item", "question", "answer", "value", "missing")


def archive(copy: OwnCopy, language: str) -> bytes:
    """Return a ZIP file: ``answers.html``, ``answers.json``, ``answers.csv``, and each consent."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in _files(copy, language).items():
            entry = zipfile.ZipInfo(name, copy.made_at.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            made.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _files(copy: OwnCopy, language: str) -> dict[str, bytes]:
    files = {
        "answers.html": _html("participant/copy.html", language, copy),
        "answers.json": json.dumps(
            asdict(copy), default=_as_text, ensure_ascii=False, indent=1
        ).encode(),
        "answers.csv": _table(copy),
    }
    for signature in copy.signatures:
        name = "".join(letter if letter.isalnum() else "-" for letter in signature.version)
        files[f"consent-{name}.html"] = _html(
            "participant/signature.html",
            language,
            copy,
            signature=signature,
            document=markdown(signature.document),
        )
    return files


def _html(template: str, language: str, copy: OwnCopy, **values: object) -> bytes:
    return bytes(page(template, language, status=200, copy=copy, **values).body)


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no place in a copy.")


def _table(copy: OwnCopy) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for assessment in copy.assessments:
        for given in assessment.answers:
            place = (assessment.wave, assessment.occurrence, given.instrument, given.item)
            writer.writerow((*place, given.question, given.answer, given.value, given.missing))
    return text.getvalue().encode("utf-8-sig")

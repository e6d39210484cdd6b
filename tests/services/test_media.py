"""Audio files of a protocol: kept once, read in pieces, held against the protocol's hash."""

from __future__ import annotations

import pytest
from factories.lab import OPENER, Lab
from factories.small_trial import FILES
from sqlalchemy import text

from longwave.services import audit
from longwave.services import study as studies
from longwave.services.study import get_study
from longwave.storage import media
from longwave.storage.tables import Media, ProtocolVersion

SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 2_000
WITH_SOUND = {
    **FILES,
    "protocol.yaml": FILES["protocol.yaml"].replace(
        b"every: P1W}",
        b"every: P1W, materials: [{text: 'm/{language}.md', audio: m/one.wav},"
        b" {text: 'm/{language}.md', audio: m/two.wav}]}",
    ),
    "m/en.md": b"# One",
    "m/tr.md": b"# Bir",
    "m/one.wav": SOUND,
    "m/two.wav": SOUND,
}


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url, protocol=WITH_SOUND)
    yield opened
    opened.close()


def test_a_file_is_kept_once_and_the_version_points_to_it(lab):
    (kept,) = lab.rows(Media)
    assert (kept.type, kept.size) == ("audio/wav", len(SOUND))
    (version,) = lab.rows(ProtocolVersion)
    assert kept.hash in version.files["m/one.wav"]
    assert len(str(version.files)) < 20_000


def test_a_file_is_read_in_pieces(lab):
    (kept,) = lab.rows(Media)
    with lab.database.reading() as session:
        assert media.piece(session, kept.hash, 0, 12) == SOUND[:12]
        assert media.piece(session, kept.hash, 300_000, 999) == SOUND[300_000:300_999]
        assert media.piece(session, kept.hash, len(SOUND) - 3, 100) == SOUND[-3:]
        assert b"".join(media.pieces(session, kept.hash, kept.size)) == SOUND


def test_the_protocol_is_read_again_without_the_content(lab):
    with lab.database.writing() as session:
        files = {**WITH_SOUND, "m/en.md": b"# Another"}
        studies.amend_study(session, lab.slug, files, viewer=OPENER, now=lab.now)
        protocol = studies.current_protocol(session, get_study(session, lab.slug))
    assert len(lab.rows(Media)) == 1
    material = protocol.programmes["course"].material(2)
    assert (material.text["en"], material.audio["en"].size) == ("# Another", len(SOUND))


def test_the_verification_finds_a_file_that_was_exchanged(lab):
    with lab.database.reading() as session:
        assert audit.verify(session, keys=lab.keys).findings == []
    with lab.database.engine.begin() as connection:
        connection.execute(text("UPDATE media SET content = :other"), {"other": b"RIFF" * 9})
    with lab.database.reading() as session:
        found = audit.verify(session, keys=lab.keys).findings
    assert [str(one) for one in found if "m/two.wav" in str(one)]

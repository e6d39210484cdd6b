"""The trial with every kind of question, in English and Arabic, with a review at the end."""

from __future__ import annotations

from factories.questions import FILES as ASKING

_WORDS = {
    "What is your profession?": "ما مهنتك؟",
    "Where do you work?": "أين تعمل؟",
    "Do you work at night?": "هل تعمل ليلاً؟",
    "How many nights a month do you work on {{ ward }}?": "كم ليلة في الشهر تعمل في {{ ward }}؟",
    "Why do you work so many nights?": "لماذا تعمل هذا العدد من الليالي؟",
    "Nurse": "ممرض",
    "Doctor": "طبيب",
    "Something else": "شيء آخر",
    '"Yes"': '"نعم"',
    '"No"': '"لا"',
    "The pay": "الأجر",
    "The team": "الفريق",
    "None of these": "لا شيء من هذا",
    "How tired were you on {{ about.ward }}?": "ما مدى تعبك في {{ about.ward }}؟",
    "When did you go to bed?": "متى ذهبت إلى النوم؟",
    "What else should we know?": "ماذا ينبغي أن نعرف أيضاً؟",
    "[wide awake, about to fall asleep]": "[مستيقظ تماماً, على وشك النوم]",
    "First some questions about you.": "أولاً بعض الأسئلة عنك.",
    "Think of yesterday.": "فكّر في يوم أمس.",
}
LANGUAGES = ("en", "ar")


def _arabic(text: str) -> str:
    """Return a text of the trial in which Arabic has taken the place of Turkish."""
    return (
        text.replace("languages: [en, tr]", "languages: [en, ar]")
        .replace("tr: ", "ar: ")
        .replace("language: tr", "language: ar")
    )


def _in_arabic(wording: str) -> str:
    for english, arabic in _WORDS.items():
        wording = wording.replace(english, arabic)
    return wording


def _file(path: str, content: bytes) -> tuple[str, bytes]:
    text = _arabic(content.decode())
    if path.endswith(".tr.yaml"):
        text = _in_arabic(text)
    if path == "protocol.yaml":
        text = text.replace(
            "instruments: [about, traits, evening]",
            "instruments: [about, traits, evening]\n    review: true",
        )
    return path.replace(".tr.", ".ar.").replace("/tr.", "/ar."), text.encode()


FILES: dict[str, bytes] = dict(_file(path, content) for path, content in ASKING.items())

ANSWERS = {
    "role": "other",
    "ward": "<b>Ward 7</b>",
    "works_nights": "yes",
    "nights": "9",
    "why": "pay other",
    "t1": "4",
    "t2": "4",
    "t3": "4",
    "t4": "3",
    "t5": "2",
    "t6": "5",
    "tired": "60",
    "slept_at": "23:15",
    "last_shift": "2026-01-30",
    "hours": "2.5",
    "check": "blue",
    "pay_matters": "no",
    "agree": "1",
    "note": "Robert'); DROP TABLE answer;--\n<script>alert(1)</script>",
}
"""An answer to every question, as it is stored."""

ASIDE = {"role": "Porter", "why": "& the quiet"}
"""What is written beside options."""

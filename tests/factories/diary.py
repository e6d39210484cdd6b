"""A small cohort whose waves a test writes itself: diaries, random times, days, requests."""

from __future__ import annotations

import re

from factories.small_trial import FILES

BASELINE = """
  - id: w0
    label: {en: Baseline, tr: Başlangıç}
    anchor: enrolment
    target: P0D
    window: {before: P0D, after: P14D}
    instruments: [rest]
"""


def wave(name: str, anchor: str, target: str, **more: str) -> str:
    """Write a wave as a protocol has it; ``more`` fields are YAML."""
    fields = {
        "label": f"{{en: {name}, tr: {name}}}",
        "anchor": anchor,
        "target": target,
        "instruments": "[rest]",
        **more,
    }
    lines = "".join(f"    {field}: {value}\n" for field, value in fields.items())
    return f"  - id: {name}\n{lines}"


def cohort(*waves: str, reminders: str = "[]") -> dict[str, bytes]:
    """Return the files of a cohort that asks the baseline, then these waves."""
    text = FILES["protocol.yaml"].decode()
    text = text.replace("kind: randomised", "kind: cohort")
    text = re.sub(r"(?ms)^arms:.*?^waves:", "waves:", text)
    text = re.sub(r"(?ms)^waves:.*?^programmes:.*?^messages:", "waves:\n@@\nmessages:", text)
    text = text.replace("@@", BASELINE + "".join(waves))
    text = text.replace("reminders: [P3D]", f"reminders: {reminders}")
    return {**FILES, "protocol.yaml": text.encode()}

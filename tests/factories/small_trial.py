"""A small trial in two languages: two short instruments, two sites, an item of each kind."""

from __future__ import annotations

_PROTOCOL = """
longwave: 1
study:
  slug: small-trial
  title: {en: Rest at work, tr: İşte dinlenme}
  kind: randomised
  languages: [en, tr]
  timezone: Europe/Istanbul
  target_n: 40
  summary:
    en: We ask how people recover during long working days.
    tr: İnsanların uzun iş günlerinde nasıl dinlendiğini soruyoruz.
  contact: team@example.org
sites:
  north: {label: {en: North Hospital, tr: Kuzey Hastanesi}}
  south: {label: {en: South Hospital, tr: Güney Hastanesi}}
data_protection:
  controller: University of Examples
  legal_basis: Your consent
  recipients: [The study team]
  retention: {contact: P6M, answers: P10Y}
  erasure: Write to the study team.
eligibility:
  items:
    - id: age
      kind: number
      text: {en: How old are you?, tr: Kaç yaşındasınız?}
      minimum: 16
      maximum: 99
    - id: licensed
      kind: choice
      text: {en: Do you work with patients?, tr: Hastalarla çalışıyor musunuz?}
      options:
        - {value: "yes", label: {en: "Yes", tr: Evet}}
        - {value: "no", label: {en: "No", tr: Hayır}}
  rule: "age >= 18 && licensed == 'yes'"
consent:
  version: "1.0"
  document: "consent/{language}.md"
  statements:
    - {id: read, label: {en: I have read this document., tr: Bu belgeyi okudum.}}
    - id: share
      label: {en: My data may be shared., tr: Verilerim paylaşılabilir.}
      required: false
  uses:
    - {id: later, label: {en: You may write to me later., tr: Bana sonra yazabilirsiniz.}}
arms:
  active: {label: {en: Programme, tr: Program}, programme: course}
  waitlist:
    label: {en: Waiting list, tr: Bekleme listesi}
    crossover: {programme: course, after: w1}
randomisation: {method: permuted_blocks, ratio: {active: 1, waitlist: 1}, strata: [site], after: w0}
waves:
  - id: w0
    label: {en: Baseline, tr: Başlangıç}
    anchor: enrolment
    target: P0D
    window: {before: P0D, after: P14D}
    instruments: [rest, load]
  - id: w1
    label: {en: Four weeks, tr: Dört hafta}
    anchor: randomisation
    target: P4W
    window: {before: P0D, after: P10D}
    instruments: [rest, load]
programmes:
  course: {kind: course, label: {en: Course, tr: Kurs}, sessions: 4, every: P1W}
messages: {reminders: [P3D]}
"""

_REST = """
longwave: 1
id: rest
version: "1.0"
answers: {minimum: 1, maximum: 5}
items: [r1, r2, r3]
scales: [{id: total, method: mean, items: [r1, r2, r3], reversed: [r2]}]
minutes: 2
licence: made for tests
"""

_LOAD = """
longwave: 1
id: load
version: "1.0"
answers: {minimum: 0, maximum: 3}
items:
  - l1
  - {id: hours, kind: number, minimum: 0, maximum: 80, unit: hours}
  - {id: shift, kind: choice, options: [day, night]}
scales: [{id: total, method: sum, items: [l1]}]
minutes: 1.5
signposting: true
licence: made for tests
"""

_WORDINGS = {
    "rest.en": """
longwave: 1
instrument: rest
language: en
placeholder: true
title: Rest
instruction: Think of the past two weeks.
items:
  r1: A placeholder about breaks
  r2: A placeholder about hurry
  r3: A placeholder about sleep
scales: {total: Rest}
answers: {"1": Almost never, "2": Seldom, "3": Sometimes, "4": Often, "5": Almost always}
""",
    "rest.tr": """
longwave: 1
instrument: rest
language: tr
placeholder: true
title: Dinlenme
instruction: Son iki haftayı düşünün.
items: {r1: Molalar için yer tutucu, r2: Acele için yer tutucu, r3: Uyku için yer tutucu}
scales: {total: Dinlenme}
answers: {"1": Neredeyse hiç, "2": Nadiren, "3": Bazen, "4": Sık sık, "5": Neredeyse her zaman}
""",
    "load.en": """
longwave: 1
instrument: load
language: en
title: Load
instruction: Think of the past week.
items: {l1: How full were your days?, hours: How many hours did you work?, shift: When do you work?}
scales: {total: Load}
signposting: If this weighs on you, talk to somebody you trust.
answers: {"0": Not at all, "1": A little, "2": Rather, "3": Very}
options: {shift: {day: By day, night: By night}}
""",
    "load.tr": """
longwave: 1
instrument: load
language: tr
title: Yük
instruction: Geçen haftayı düşünün.
items:
  l1: Günleriniz ne kadar doluydu?
  hours: Kaç saat çalıştınız?
  shift: Ne zaman çalışıyorsunuz?
scales: {total: Yük}
signposting: Bu size ağır gelirse güvendiğiniz biriyle konuşun.
answers: {"0": Hiç, "1": Biraz, "2": Oldukça, "3": Çok}
options: {shift: {day: Gündüz, night: Gece}}
""",
}

FILES: dict[str, bytes] = {
    "protocol.yaml": _PROTOCOL.encode(),
    "consent/en.md": b"# Consent\n\nTaking part is **voluntary**. <script>alert(1)</script>\n",
    "consent/tr.md": "# Onam\n\nKatılım **gönüllüdür**.\n".encode(),
    "instruments/rest.yaml": _REST.encode(),
    "instruments/load.yaml": _LOAD.encode(),
    **{f"instruments/wordings/{name}.yaml": text.encode() for name, text in _WORDINGS.items()},
}
SLUG = "small-trial"

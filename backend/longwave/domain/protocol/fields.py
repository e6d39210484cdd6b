"""Every field that the reader knows, by block; ``docs/protocols.md`` describes each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SEALED = (
    "Block sizes, lists and the seed are sealed settings, made when the study is approved. Remove "
    "the field; a trial run may write block_sizes and lists under 'sealed', but never a seed."
)
_SEALED_NAMES = ("seed", "block_size", "block_sizes", "blocks", "list", "lists")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a block: those that must be there, those that may, and why others may not."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """All fields that may be given."""
        return self.required + self.optional


PROTOCOL_FIELDS: Mapping[str, Fields] = {
    "protocol": Fields(
        ("longwave", "study", "sites", "data_protection", "eligibility", "consent", "waves"),
        ("arms", "randomisation", "programmes", "messages", "safety", "analysis", "permissions"),
    ),
    "study": Fields(
        ("slug", "title", "kind", "languages", "timezone", "target_n", "summary", "contact")
    ),
    "site": Fields(("label",), ("country",)),
    "data_protection": Fields(
        ("controller", "legal_basis", "recipients", "retention", "erasure"),
    ),
    "retention": Fields(("contact", "answers")),
    "eligibility": Fields(("items",), ("rule", "criteria", "caps")),
    "criterion": Fields(("id", "label", "rule")),
    "cap": Fields(("most",), ("site", "stratum")),
    "item": Fields(("id", "kind", "text"), ("options", "minimum", "maximum", "unit", "required")),
    "option": Fields(("value", "label")),
    "consent": Fields(("version", "document", "statements"), ("uses",)),
    "statement": Fields(("id", "label"), ("required",)),
    "use": Fields(("id", "label")),
    "arm": Fields(("label",), ("programme", "crossover")),
    "crossover": Fields(("programme",), ("after", "at", "from")),
    "randomisation": Fields(
        ("method", "ratio", "after"),
        ("strata", "cluster", "minimisation", "sealed"),
        dict.fromkeys(_SEALED_NAMES, SEALED),
    ),
    "minimisation": Fields((), ("weights", "probability", "imbalance")),
    "sealed": Fields((), ("block_sizes", "lists"), {"seed": SEALED}),
    "wave": Fields(
        ("id", "label", "anchor", "target", "instruments"),
        ("window", "at", "repeat", "sampling", "expires", "at_most", "reminders", "review"),
    ),
    "window": Fields(("before", "after")),
    "repeat": Fields(("every", "times")),
    "sampling": Fields(("days", "per_day", "between", "apart", "expires")),
    "expires": Fields((), ("unopened", "idle")),
    "programme": Fields(
        ("kind", "label"),
        ("sessions", "every", "minutes", "groups", "days", "prompt", "materials"),
    ),
    "groups": Fields(("capacity",), ("batch_start", "facilitator")),
    "batch_start": Fields(("at",), ("members", "lead", "on")),
    "material": Fields(("text",), ("audio", "minutes")),
    "messages": Fields(("reminders",), ("quiet_hours", "budget", "texts", "calendar", "channels")),
    "budget": Fields((), ("reminders", "prompts")),
    "allowance": Fields(("count", "per")),
    "message_texts": Fields((), ("invitation", "reminders", "waves")),
    "wave_texts": Fields((), ("invitation", "reminders")),
    "safety": Fields(("id", "when", "show", "alert"), ("waves",)),
    "help_page": Fields(("page",), ("countries",)),
    "alert": Fields(("role",), ("within", "escalate", "hours", "out_of_hours")),
    "escalate": Fields(("role", "after")),
    "watch_hours": Fields(("from", "to"), ("days", "zone")),
    "out_of_hours": Fields((), ("role", "message")),
    "precedence": Fields(
        ("id", "models", "variables", "waves", "estimator", "missing"), ("kind", "group", "equal")
    ),
    "treatment": Fields(("id", "kind", "estimand", "alpha")),
    "estimand": Fields(("outcome", "wave", "population", "intercurrent")),
    "permission": Fields((), ("by", "reference", "date", "not_needed")),
}

INSTRUMENT_FIELDS: Mapping[str, Fields] = {
    "instrument": Fields(
        ("longwave", "id", "version", "items", "scales", "minutes", "licence"),
        (
            *("answers", "name", "doi", "source", "verified", "order", "total", "missing_rule"),
            *("recall", "cut_offs", "warnings", "signposting", "translations", "stub", "notes"),
            *("item_order", "keep_first"),
        ),
    ),
    "answers": Fields(("minimum", "maximum"), ("direction",)),
    "instrument_item": Fields(
        ("id",),
        (
            *("kind", "required", "when", "options", "other", "exclusive", "minimum", "maximum"),
            *("step", "unit", "earliest", "latest", "max_length", "attention"),
        ),
    ),
    "scale": Fields(
        ("id", "method"),
        (
            *("items", "reversed", "parts", "minimum_answered", "counted", "multiplier"),
            *("name", "higher", "missing_rule"),
        ),
    ),
    "total": Fields(("convention",), ("scale",)),
    "licence": Fields(("terms",), ("text", "commercial", "use")),
    "cut_off": Fields(
        ("scale", "bands", "country", "population", "year", "source", "verified"), ("note",)
    ),
    "band": Fields(("label",), ("at_least", "above", "at_most", "below")),
    "warning": Fields(("text",), ("verified", "source")),
    "wording": Fields(
        ("longwave", "instrument", "language", "title", "instruction", "items", "scales"),
        ("placeholder", "answers", "options", "ends", "units", "fallbacks", "signposting"),
    ),
}

FIELDS: Mapping[str, Fields] = {**PROTOCOL_FIELDS, **INSTRUMENT_FIELDS}

"""docs/api.md describes every route: who may use it, with what token, and with a true example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from factories.api_table import PERSON, TABLE

from longwave.domain.lifecycle import Role

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^### `(GET|POST) (\S+)`\n", flags=re.MULTILINE)
AS_ANOTHER = re.compile(r"[Aa]nswers as `(\w+)` does")


def sections() -> dict[tuple[str, str], str]:
    parts = HEADING.split(TEXT)
    return {
        (method, path): re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
        for method, path, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }


SECTIONS = sections()
ROUTES = sorted(TABLE)


def examples(route):
    """Return the documented body (or None) and the documented answer (or None)."""
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.+?)\n```", SECTIONS[route])]
    body = blocks.pop(0) if TABLE[route].body is not None else None
    return body, blocks[0] if blocks else None


def test_every_route_is_described_and_no_other():
    assert sorted(SECTIONS) == ROUTES


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_roles_scope_and_blinding_are_those_of_the_table(route):
    entry, text = TABLE[route], SECTIONS[route]
    roles, scope = re.search(r"^Roles: (.+)\. Scope: (\w+)\.$", text, flags=re.MULTILINE).groups()
    assert roles.split(", ") == [role.value for role in Role if role.value[0] in entry.roles]
    assert scope == entry.scope
    assert ("Not for the\nblinded" in text or "Not for the blinded" in text) != entry.blinded
    assert bool(re.search(r"Of\s+the\s+whole\s+study\.", text)) == entry.whole


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_each_example_has_the_shape_of_the_description_for_tools(route, site):
    method, path = route
    described = site.app.openapi()
    operation = described["paths"][path][method.lower()]
    assert operation["description"]
    body, answer = examples(route)
    if body is not None:
        schema = resolved(described, operation["requestBody"])
        assert set(body) <= set(schema["properties"])
        assert set(schema.get("required", ())) <= set(body)
    status = next(status for status in operation["responses"] if status.startswith("2"))
    response = operation["responses"][status]
    if path.startswith(PERSON) and method == "POST" and answer is None:
        assert status == "204"
    if answer is None:
        assert status == "204" or AS_ANOTHER.search(SECTIONS[route])
        return
    schema = resolved(described, response)
    if schema.get("type") == "array":
        schema, answer = reference(described, schema["items"]), answer[0]
    assert list(answer) == list(schema["properties"])


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_the_description_for_tools_tells_what_can_go_wrong(route, site):
    method, path = route
    operation = site.app.openapi()["paths"][path][method.lower()]
    expected = {"401", "403", "404", "422"} | ({"409"} if method == "POST" else set())
    for status in expected:
        content = operation["responses"][status]["content"]["application/json"]
        assert content["schema"]["$ref"].endswith("/Error")
    assert operation["security"] == [{"HTTPBearer": []}]


def resolved(described, part):
    schema = part["content"]["application/json"]["schema"]
    return schema if schema.get("type") == "array" else reference(described, schema)


def reference(described, schema):
    return described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]

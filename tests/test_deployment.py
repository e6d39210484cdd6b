"""compose.yaml and the image: as much as can be known without running containers."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from longwave.config import Settings

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "longwave"]
VARIABLE = re.compile(r"\$\{(\w+)(:[?-])?([^}]*)}")


def test_the_services_are_those_of_the_design():
    assert set(SERVICES) == {"caddy", "web", "worker", "migrate", "database", "mailpit"}
    assert SERVICES["web"]["deploy"]["replicas"] == 2
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_depends_on_exists(name: str):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        if how["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no", "a service that restarts never completes"


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_and_mounted_files_exist(name: str):
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).is_file()
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str):
    image = SERVICES[name]["image"]
    assert name in OURS or re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image)


def test_secrets_have_no_default():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    found = {name: how for name, how, _ in VARIABLE.findall(text)}
    for secret in ("LONGWAVE_SECRET_KEY", "POSTGRES_PASSWORD", "LONGWAVE_SMTP_URL"):
        assert found[secret] == ":?"


def test_every_variable_is_explained_in_the_example():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    example = (ROOT / "deploy" / "example.env").read_text(encoding="utf-8")
    given = dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE))
    assert {name for name, _, _ in VARIABLE.findall(text)} <= set(given)
    assert given["LONGWAVE_SECRET_KEY"] == given["POSTGRES_PASSWORD"] == ""


@pytest.mark.parametrize("name", OURS)
def test_every_setting_that_is_passed_is_one(name: str):
    known = {f"LONGWAVE_{field.upper()}" for field in Settings.model_fields}
    passed = {key for key in SERVICES[name]["environment"] if key.startswith("LONGWAVE_")}
    assert passed <= known


@pytest.mark.parametrize("name", OURS)
def test_the_settings_that_are_passed_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch):
    values = {"LONGWAVE_SECRET_KEY": "k" * 64, "POSTGRES_PASSWORD": "secret",
              "LONGWAVE_SMTP_URL": "smtp://mailpit:1025"}  # fmt: skip

    def fill(match: re.Match[str]) -> str:
        variable, how, default = match.groups()
        return values.get(variable, default if how == ":-" else "")

    for key, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(key, VARIABLE.sub(fill, value))
    settings = Settings(_env_file=None)
    assert settings.database_url == "postgresql://longwave:secret@database:5432/longwave"
    assert settings.secure


@pytest.mark.parametrize("name", OURS)
def test_the_command_line_accepts_each_start_command(name: str):
    """Parse the command with the real command line, without running it."""
    import typer

    from longwave.cli.app import app

    program, *arguments = SERVICES[name]["command"]
    assert program == "longwave"
    command: Any = typer.main.get_command(app)
    context = command.make_context("longwave", list(arguments), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        subname, command, arguments = command.resolve_command(context, rest)
        context = command.make_context(subname, arguments, parent=context)
    assert command.callback is not None


def test_the_image_copies_only_what_exists_and_is_let_in():
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    ignore = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, flags=re.MULTILINE)
        for source in shlex.split(line)[:-1]
    }
    assert copied == {line[1:] for line in ignore if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_runs_as_an_ordinary_user_and_installs_from_its_lock():
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    final = dockerfile[dockerfile.rindex("\nFROM ") :]
    assert re.search(r"^USER longwave$", final, flags=re.MULTILINE)
    assert "--require-hashes -r deploy/requirements.lock" in dockerfile
    assert len(set(re.findall(r"^FROM (\S+)", dockerfile, flags=re.MULTILINE))) == 1


def test_caddy_asks_for_the_web_processes_and_logs_no_links():
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    port = SERVICES["web"]["command"][-1]
    assert re.search(rf"name web\n\s+port {port}\n", caddyfile)
    assert not re.search(r"^\s*log\b", caddyfile, flags=re.MULTILINE)

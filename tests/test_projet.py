"""The project as others find it: its licence, how to contribute, what is asked of who reports something."""

import re
import tomllib

import pytest
import yaml

from pipelines.cli.application import commands
from pipelines.paths import PROJECT_ROOT

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")


def text(name: str) -> str:
    return (PROJECT_ROOT / name).read_text(encoding="utf-8")


def test_the_licence_is_whole_and_named() -> None:
    assert PROJECT["license"] == "EUPL-1.2"
    assert all((PROJECT_ROOT / name).is_file() for name in PROJECT["license-files"])
    licence = text("LICENSE")
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\nEUPL © the European Union 2007, 2016\n")
    assert re.findall(r"^(\d+)\.", licence, flags=re.M) == [str(n) for n in range(1, 16)]
    assert licence.rstrip().endswith("require the production of a new EUPL version.")


def test_pre_commit_runs_what_lint_runs() -> None:
    # Its parts, which run side by side, are all that is between it and the tests.
    recipes = MAKEFILE.partition("\nlint:")[2].partition("\ntest:")[0]
    wanted = sorted(re.findall(r"^\t@?\$\(BIN\)/(.+)$", recipes, flags=re.M))
    (repo,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repo["repo"] == "local", "the versions of the lock file, and nothing downloaded"
    assert sorted(hook["entry"].removeprefix(".venv/bin/") for hook in repo["hooks"]) == wanted != []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_what_a_page_names_exists(name: str) -> None:
    page = text(name)
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (PROJECT_ROOT / link).exists(), link
    for target in re.findall(r"`make (\w+)`", page):
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.M), target


def test_contributing_is_one_page_and_says_the_way() -> None:
    page = text("CONTRIBUTING.md")
    assert "declaration → test → docs" in page
    assert len(page.splitlines()) < 60


def test_the_changelog_says_this_version() -> None:
    assert re.search(rf"^## {re.escape(PROJECT['version'])}\b", text("CHANGELOG.md"), flags=re.M)


@pytest.mark.parametrize("name", ["nouveau-millesime", "chiffre-faux"])
def test_templates_ask_for_no_data_and_for_commands_that_exist(name: str) -> None:
    template = text(f".github/ISSUE_TEMPLATE/{name}.md")
    header = yaml.safe_load(template.split("---")[1])
    assert {"name", "about", "title", "labels"} <= set(header)
    assert "Ne joignez" in template
    for command, options in re.findall(r"observatoire (\w+)((?: --\w+[^`\n]*)?)", template):
        known = {option for parameter in commands()[command].params for option in parameter.opts}
        assert set(re.findall(r"--\w+", options)) <= known


def test_a_wrong_figure_starts_from_its_explanation() -> None:
    template = text(".github/ISSUE_TEMPLATE/chiffre-faux.md")
    assert "observatoire expliquer" in template
    assert "--lignes 0" in template


def test_the_readme_names_the_licence_on_its_first_lines_and_nowhere_another() -> None:
    page = text("README.md")
    assert f"SPDX-License-Identifier: [{PROJECT['license']}](LICENSE)" in page.splitlines()[:5]
    assert all(PROJECT["license"] in line for line in page.splitlines() if re.search(r"[Cc]ode under", line))


def test_the_first_screen_is_in_french_beside_english() -> None:
    """Before the first section: as many sentences on each side, and the two commands in both."""
    first = text("README.md").split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in first.splitlines() if line.startswith("| ")]
    assert rows[0] == ["Français", "English"]
    assert len(rows) > 3
    assert all(len(row) == 2 and abs(len(row[0]) - len(row[1])) < 80 for row in rows[1:])
    commands_said = re.findall(r"^make \w+ +# (.+?) +\| (.+)$", first, flags=re.M)
    assert len(commands_said) == 2
    assert all(french != english for french, english in commands_said)


def test_files_of_the_project_are_there_and_no_owner_is_set() -> None:
    for name in (".editorconfig", ".pre-commit-config.yaml", "LICENSE", "SECURITY.md", "CHANGELOG.md"):
        assert (PROJECT_ROOT / name).is_file(), name
    assert list(PROJECT_ROOT.rglob("CODEOWNERS")) == []
    assert text(".editorconfig").startswith("root = true\n")


def test_continuous_integration_runs_the_wheel_then_the_tests() -> None:
    """The slow ones of the wheel are in no other target that it runs; the summary of the tests is the last."""
    script = text(".ci/run")
    tests, wheel = script.index("\nmake test "), script.index("pytest tests/exploitation/test_roue.py")
    assert wheel < tests
    assert "not slow" not in script

"""The documents say what the code says: tables, keys, verbs and links."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from blocks.serving.settings import Settings
from blocks.sql.tables import METADATA
from deployments.command.main import gamenight
from deployments.command.verbs import VERBS
from tasks.alerting.kinds import KIND, SEVERITY
from tasks.drift.report import STATISTICS
from tasks.proving.limits import Limits
from tasks.rollout.policy import GATES_OF_VERSIONS, Policy
from tasks.rollout.stage import ENDS, LATCHED, LIVE, QUARANTINES, SERVING, TRANSITIONS, EventType, Held, Reason, Stage
from tests.house.rooms import ROOT, product_files, tree_of

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
EVERY_VERB_HAS = {"--home", "--json", "--debug", "--help"}


def rows_under(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, its header left out."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = lines.index(heading)
    table: list[list[str]] = []
    for line in lines[start + 1 :]:
        if line.startswith("## ") or (table and not line.startswith("|")):
            break
        if line.startswith("|"):
            table.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table[2:]


def rows_of(page: Path, header: str) -> list[list[str]]:
    """Return the cells of the first table with this header."""
    lines = page.read_text(encoding="utf-8").splitlines()
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[lines.index(header) + 2 :])
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]


ROLLOUT = REFERENCE / "rollout.md"


def kind_of(stage: Stage) -> str:
    if stage in ENDS:
        return "end"
    return "live, serving" if stage in SERVING else "live"


def test_the_stages_in_the_reference_are_those_of_the_machine() -> None:
    told = {name: kind for name, kind, _ in rows_under(ROLLOUT, "## Stages")}
    assert told == {stage.value: kind_of(stage) for stage in (*LIVE, *ENDS)}


def test_the_events_in_the_reference_are_those_of_the_machine() -> None:
    assert [row[0] for row in rows_under(ROLLOUT, "## Events")] == [event.value for event in EventType]


def test_the_transitions_in_the_reference_are_those_of_the_machine() -> None:
    told = {
        (Stage(start), EventType(event)): Stage(start if end == "the same" else end)
        for event, starts, end in rows_under(ROLLOUT, "## Transitions")
        for start in starts.split(", ")
    }
    assert told == TRANSITIONS


def test_the_holds_in_the_reference_say_who_lifts_them() -> None:
    told = {name: lifted for name, _, lifted in rows_under(ROLLOUT, "## Holds")}
    assert set(told) == set(Held)
    assert {name for name, lifted in told.items() if lifted == "a person"} == LATCHED


def test_the_reasons_in_the_reference_say_which_quarantine() -> None:
    told = {name: answer for name, _, answer in rows_under(ROLLOUT, "## Reasons of ROLLED_BACK")}
    assert set(told) == set(Reason)
    assert {name for name, answer in told.items() if answer == "yes"} == QUARANTINES


def test_the_invariants_are_all_told() -> None:
    assert [row[0] for row in rows_under(ROLLOUT, "## Invariants")] == [f"I{n}" for n in range(1, 15)]


def defaults(part: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, field in part.model_fields.items():
        if field.is_required():
            yield prefix + name, "required"
        elif isinstance(field.default, BaseModel):
            yield from defaults(type(field.default), f"{prefix}{name}.")
        else:
            yield prefix + name, f"`{json.dumps(field.default)}`"


def test_every_policy_key_is_told_with_its_default() -> None:
    told = {
        key.strip("`"): default
        for key, default, _ in rows_under(REFERENCE / "policy.md", "# Policy: every key and its default")
    }
    assert told == dict(defaults(Policy))


GATES = REFERENCE / "gates.md"


def test_every_limit_of_a_gate_is_told_with_its_default() -> None:
    told = {key.strip("`"): default for key, default, _ in rows_of(GATES, "| key | default | means |")}
    assert told == dict(defaults(Limits))


def test_every_gate_of_a_version_is_told_in_the_order_in_which_it_is_asked() -> None:
    assert tuple(row[0] for row in rows_under(GATES, "## Gates of a version")) == GATES_OF_VERSIONS


def test_every_example_of_a_policy_is_one() -> None:
    import yaml

    for page in PAGES:
        for text in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            Policy.model_validate({"model": "nba-win"} | yaml.safe_load(text))


def test_every_table_of_the_store_is_told_with_its_columns() -> None:
    for table in METADATA.sorted_tables:
        told = {
            name.strip("`"): empty == "yes"
            for name, _, empty in rows_under(REFERENCE / "store.md", f"## `{table.name}`")
        }
        assert told == {column.name: bool(column.nullable) for column in table.columns}


def test_every_setting_of_the_gateway_is_told_with_its_default() -> None:
    told = {
        name.strip("`"): default.strip("`") for name, default, _ in rows_under(REFERENCE / "http.md", "## Settings")
    }
    wanted = {
        name: "required" if field.is_required() else "none" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert told == wanted


def test_every_statistic_of_drift_is_told() -> None:
    told = {row[0].strip("`") for row in rows_under(REFERENCE / "statistics.md", "# Statistics of drift")}
    assert told == {*STATISTICS, "missing"}


def test_every_alert_type_is_told_with_its_kind_and_severity() -> None:
    told = {name: (kind, severity) for name, kind, severity, _ in rows_under(REFERENCE / "statistics.md", "## Alerts")}
    assert told == {kind.value: (KIND[kind].value, SEVERITY[kind].value) for kind in SEVERITY}


def test_every_suite_is_told() -> None:
    shipped = {path.stem for path in (ROOT / "deployments" / "models" / "nba-win").glob("*.yaml")} - {"policy", "gates"}
    assert {row[0] for row in rows_under(REFERENCE / "gates.md", "## Suites of data")} == shipped


def classes_under(*rooms: str) -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in product_files():
        if path.parts[0] in rooms:
            yield from ((path, node) for node in tree_of(path).body if isinstance(node, ast.ClassDef))


def test_every_expectation_of_ours_is_told_with_its_arguments() -> None:
    text = (REFERENCE / "gates.md").read_text(encoding="utf-8")
    told = {
        name: set(re.findall(r"`(\w+)`", arguments))
        for name, arguments in re.findall(r"^\| `(expect_\w+)` \| ([^|]*)\|", text, re.M)
    }
    ours = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", node.name).lower(): {
            one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        }
        for path, node in classes_under("blocks")
        if path == Path("blocks/suites/expectations.py") and node.name.startswith("Expect")
    }
    assert told == ours


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def test_every_error_class_is_in_the_tree_of_errors() -> None:
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    known, found = {"Exception", "ValueError", "RuntimeError", "LookupError", "KeyError"}, set[str]()
    while (
        fresh := {
            node.name for _, node in classes_under("blocks", "tasks", "deployments") if bases(node) & (known | found)
        }
        - found
    ):
        found |= fresh
    assert found
    assert not [name for name in sorted(found) if not name.startswith("_") and f"`{name}`" not in text]


def test_every_block_is_told() -> None:
    told = {row[0].strip("`") for row in rows_under(REFERENCE / "errors.md", "## Blocks")}
    assert told == {node.name for _, node in classes_under("blocks") if "Block" in bases(node)}


def options_of(verb: str) -> Iterator[str]:
    command = gamenight.get_command(click.Context(gamenight), verb)
    assert command is not None
    for one in [command, *(command.commands.values() if isinstance(command, click.Group) else ())]:
        for option in one.params:
            if isinstance(option, click.Option) and not option.hidden:
                yield from (name for name in (*option.opts, *option.secondary_opts) if name.startswith("--"))


def section_of(verb: str) -> str:
    text = (REFERENCE / "command.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {verb}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_told_with_every_option(verb: str) -> None:
    told = section_of(verb)
    assert told, f"docs/reference/command.md has no section {verb}"
    assert not [name for name in options_of(verb) if name not in EVERY_VERB_HAS and f"{name}" not in told]


def test_no_verb_is_told_that_does_not_exist() -> None:
    text = (REFERENCE / "command.md").read_text(encoding="utf-8")
    assert not [verb for verb in re.findall(r"^## (\w+)$", text, re.M) if verb not in VERBS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(page: Path) -> None:
    shown = re.findall(r"(?:^|`)gamenight ([a-z]+)", page.read_text(encoding="utf-8"), re.M)
    assert not [verb for verb in shown if verb not in VERBS]


def test_every_flow_is_named_somewhere() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    flows = [path.stem for path in product_files() if path.parent == Path("flows") and path.stem != "__init__"]
    assert not [
        name for name in flows if f"`{name.replace('_', '-')}" not in text and name.replace("_", "-") not in text
    ]


def links_of(page: Path) -> Iterator[tuple[str, str]]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors_of(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in links_of(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} is not there"
        assert not anchor or anchor in anchors_of(target), f"{path} has no heading #{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            ahead += [(page.parent / path).resolve() for path, _ in links_of(page) if path]
    assert not [str(page.relative_to(ROOT)) for page in PAGES if page not in seen]


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120

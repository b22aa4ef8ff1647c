"""The site's terms: the policy for the machine (`config/policy.toml`) and the words people read (`config/terms.*.md`).

Parsed from text that is handed in; pure. Where either is not well formed PolicyError says in which file, where, and how
to mend it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from moderation.errors import PolicyError

LABELS = ("toxic", "severe", "insult", "threat", "obscene", "identity_hate", "sexual", "spam")
"""The classes the classifier knows, in the order in which they are always shown."""

LANGUAGES = ("en", "ur", "hi", "mr", "ar")
"""The site's editions, in the order in which a reader is offered them."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
"""What a button to agree can carry."""

LONGEST_ID = 12
MOST, LONGEST_S = 1_000_000, 30 * 24 * 3600
"""The largest of a rule's numbers, and of its seconds: a month."""

_CLAUSE_HEADING = re.compile(r"^###\s+(?P<id>\d+(?:\.\d+)+)\s+(?P<title>.+?)\s*$")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a label's score acts: from `hold_at` a person looks, from `reject_at` the machine refuses. 0..1."""

    hold_at: float
    reject_at: float


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the terms, with the labels that break it."""

    id: str
    labels: Mapping[str, Thresholds] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """One rule's place in the policy: the clause it guards, what it asks for (`hold` or `reject`), its parameters."""

    clause: str
    then: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Budget:
    """How often the machine may be wrong by itself, as shares of all comments, of which `abuse` break the terms.

    `exceeded`: the share of sites at which more may be spent, for no figure of other sites binds a new one.
    """

    wrongly_published: float
    wrongly_refused: float
    abuse: float
    exceeded: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The terms for the machine. `version` is the terms' version, agreed to by readers and cited by each decision."""

    version: str
    clauses: Mapping[str, Clause]
    rules: Mapping[str, RuleSettings]
    budget: Budget | None = None

    def clause_of(self, label: str) -> Clause | None:
        """The clause a label breaks, or None where no clause names it."""
        return next((clause for clause in self.clauses.values() if label in clause.labels), None)


@dataclass(frozen=True, slots=True)
class TermsClause:
    """A clause as people read it."""

    id: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in one language."""

    language: str
    title: str
    intro: str
    clauses: Mapping[str, TermsClause]
    markdown: str


RULES: Mapping[str, Mapping[str, type]] = {
    "links": {"allowed": list, "at_most": int},
    "flooding": {"comments": int, "per_s": int},
    "repeats": {"same_author": int, "other_authors": int, "within_s": int},
    "personal_data": {"regions": list},
    "banned_words": {"words": list, "hold": list},
}
"""The rules there are, and each one's parameters with their types."""


def parse_policy(text: str, *, name: str = "policy.toml") -> Policy:
    """The policy written in `text`. Raises PolicyError naming the place and the mend."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not valid TOML: {error}") from error
    unknown = sorted(set(raw) - {"version", "clauses", "rules", "budget"})
    if unknown:
        raise PolicyError(f"{name}: unknown key {unknown[0]!r}; write version, [[clauses]], [rules.…] and [budget]")
    version = raw.get("version")
    if not isinstance(version, str) or not version.strip():
        raise PolicyError(f'{name}: give the terms a version, for example version = "2026-11"')
    if not _VERSION.fullmatch(version.strip()):
        raise PolicyError(f"{name}: version must be up to 32 letters, digits, dots, hyphens and underlines")
    clauses: dict[str, Clause] = {}
    taken: dict[str, str] = {}
    for entry in _tables(raw.get("clauses"), where=f"{name}: clauses"):
        clause = _clause(entry, name=name)
        if clause.id in clauses:
            raise PolicyError(f"{name}: clause {clause.id} stands twice")
        for label in clause.labels:
            if label in taken:
                raise PolicyError(f"{name}: label {label} is named by clauses {taken[label]} and {clause.id}; keep one")
            taken[label] = clause.id
        clauses[clause.id] = clause
    if not clauses:
        raise PolicyError(f"{name}: there is no clause; add [[clauses]] tables")
    rules = raw.get("rules", {})
    if not isinstance(rules, dict):
        raise PolicyError(f"{name}: rules must be tables such as [rules.links]")
    return Policy(
        version=version.strip(),
        clauses=clauses,
        rules={rule: _rule(rule, entry, clauses, name=name) for rule, entry in rules.items()},
        budget=_budget(raw["budget"], where=f"{name}: budget") if "budget" in raw else None,
    )


def _tables(value: object, *, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise PolicyError(f"{where}: must be a list of tables, [[clauses]]")
    return value


def _clause(entry: dict[str, Any], *, name: str) -> Clause:
    clause_id = entry.get("id")
    if not isinstance(clause_id, str) or not re.fullmatch(r"\d+(\.\d+)+", clause_id):
        raise PolicyError(f'{name}: a clause needs an id such as "3.2", not {clause_id!r}')
    if len(clause_id) > LONGEST_ID:
        raise PolicyError(f"{name}: a clause's id has at most {LONGEST_ID} letters, not {clause_id[:40]!r}")
    where = f"{name}: clause {clause_id}"
    labels = entry.get("labels", {})
    if not isinstance(labels, dict):
        raise PolicyError(f"{where}: labels must be tables such as [clauses.labels.insult]")
    unknown = set(entry) - {"id", "labels"}
    if unknown:
        raise PolicyError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    return Clause(
        id=clause_id,
        labels={label: _thresholds(label, value, where=where) for label, value in labels.items()},
    )


def _thresholds(label: str, value: object, *, where: str) -> Thresholds:
    if label not in LABELS:
        raise PolicyError(f"{where}: unknown label {label!r}; the labels are {', '.join(LABELS)}")
    if not isinstance(value, dict) or set(value) != {"hold_at", "reject_at"}:
        raise PolicyError(f"{where}: label {label} needs hold_at and reject_at, and nothing else")
    hold_at, reject_at = value["hold_at"], value["reject_at"]
    for number in (hold_at, reject_at):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise PolicyError(f"{where}: the thresholds of {label} must be numbers")
    if not 0 < hold_at <= reject_at <= 1.01:
        raise PolicyError(
            f"{where}: label {label} needs 0 < hold_at <= reject_at <= 1.01, where 1.01 is out of reach: never refused"
        )
    return Thresholds(hold_at=float(hold_at), reject_at=float(reject_at))


def _budget(entry: object, *, where: str) -> Budget:
    names = [part.name for part in fields(Budget)]
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise PolicyError(f"{where}: needs exactly {', '.join(names)}")
    for key, value in entry.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise PolicyError(f"{where}: {key} must be a share between 0 and 1, such as 0.02")
    return Budget(**entry)


def _rule(rule: str, entry: object, clauses: Mapping[str, Clause], *, name: str) -> RuleSettings:
    where = f"{name}: rules.{rule}"
    if rule not in RULES:
        raise PolicyError(f"{where}: no such rule; the rules are {', '.join(RULES)}")
    if not isinstance(entry, dict):
        raise PolicyError(f"{where}: must be a table")
    clause, then = entry.get("clause"), entry.get("then")
    if not isinstance(clause, str) or clause not in clauses:
        raise PolicyError(f"{where}: clause {clause!r} is not among the clauses")
    if then not in {"hold", "reject"}:
        raise PolicyError(f'{where}: then must be "hold" or "reject", not {then!r}')
    parameters = {key: value for key, value in entry.items() if key not in {"clause", "then"}}
    expected = RULES[rule]
    if set(parameters) != set(expected):
        raise PolicyError(f"{where}: needs exactly {', '.join(expected)} beside clause and then")
    for key, value in parameters.items():
        if not isinstance(value, expected[key]) or isinstance(value, bool):
            raise PolicyError(f"{where}: {key} must be {'a list' if expected[key] is list else 'a whole number'}")
        if isinstance(value, list) and not all(isinstance(item, str) and item.strip() for item in value):
            raise PolicyError(f"{where}: {key} must be a list of words")
        most = LONGEST_S if key.endswith("_s") else MOST
        if isinstance(value, int) and not 1 <= value <= most:
            raise PolicyError(f"{where}: {key} must be from 1 to {most}")
        if key == "regions" and isinstance(value, list) and (unknown := sorted({*value} - known_regions())):
            raise PolicyError(
                f"{where}: {unknown[0]!r} is no region that has telephone numbers; write codes such as IN"
            )
    return RuleSettings(clause=clause, then=then, parameters=parameters)


def known_regions() -> frozenset[str]:
    """The regions whose telephone numbers are known, as ISO 3166 codes."""
    from phonenumbers import SUPPORTED_REGIONS  # a tenth of a second, for who reads a policy with this rule

    regions: frozenset[str] = frozenset(SUPPORTED_REGIONS)
    return regions


def parse_terms(text: str, *, language: str) -> Terms:
    """The terms written in `text`. Raises PolicyError where a clause has no words or there is no title."""
    name = f"terms.{language}.md"
    lines = text.splitlines()
    if not lines or not lines[0].startswith("# "):
        raise PolicyError(f"{name}: begin with a title line, '# …'")
    first_heading = next((n for n, line in enumerate(lines[1:], 1) if line.startswith("##")), len(lines))
    clauses: dict[str, TermsClause] = {}
    for number, line in enumerate(lines):
        heading = _CLAUSE_HEADING.match(line)
        if heading is None:
            continue
        following = lines[number + 1 :]
        end = next((n for n, later in enumerate(following) if later.startswith("#")), len(following))
        words = " ".join(part.strip() for part in following[:end] if part.strip())
        if not words:
            raise PolicyError(f"{name}: clause {heading['id']} has no words")
        if heading["id"] in clauses:
            raise PolicyError(f"{name}: clause {heading['id']} stands twice")
        clauses[heading["id"]] = TermsClause(id=heading["id"], title=heading["title"], words=words)
    return Terms(
        language=language,
        title=lines[0][2:].strip(),
        intro=" ".join(line.strip() for line in lines[1:first_heading] if line.strip()),
        clauses=clauses,
        markdown=text,
    )


def check_terms(policy: Policy, terms: Mapping[str, Terms]) -> list[str]:
    """What is wrong between policy and terms, a sentence each; empty when every clause stands in every language."""
    problems = [f"terms.{language}.md is missing" for language in LANGUAGES if language not in terms]
    for language, words in terms.items():
        problems += [f"terms.{language}.md lacks clause {id_}" for id_ in policy.clauses if id_ not in words.clauses]
        problems += [
            f"terms.{language}.md has clause {id_}, policy.toml has not"
            for id_ in words.clauses
            if id_ not in policy.clauses
        ]
    return problems

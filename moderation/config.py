"""The data of `config/`, read from disk: policy and terms. Everyone who needs them reads them here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from moderation.errors import PolicyError
from moderation.policy import LANGUAGES, Policy, Terms, check_terms, parse_policy, parse_terms
from moderation.settings import config_dir


def load_policy(path: Path | None = None) -> Policy:
    """The policy of `config/policy.toml`, or of another file. Raises PolicyError."""
    path = path or config_dir() / "policy.toml"
    return parse_policy(_read(path), name=path.name)


def load_terms(policy: Policy) -> Mapping[str, Terms]:
    """The terms in every language, each with every clause of the policy. Raises PolicyError."""
    folder = config_dir()
    terms = {language: parse_terms(_read(folder / f"terms.{language}.md"), language=language) for language in LANGUAGES}
    problems = check_terms(policy, terms)
    if problems:
        raise PolicyError("; ".join(problems))
    return terms


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise PolicyError(
            f"{path} can't be read ({error.strerror}); mend it, or name another folder by BAITHAK_CONFIG_DIR"
        ) from None

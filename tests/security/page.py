"""Writes `docs/security.md`: the table of attacks from `cases`, and what stands around it from here."""

from __future__ import annotations

from pathlib import Path

from tests.security.cases import CASES, Case

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"

BEFORE = """\
# Security: who may want in, and what is tried against it

Written by `python -m tests.security.page` from `tests/security/cases.py`; a test fails while the two differ.

Strangers write to this system all day: readers, feeds, whoever finds its web address. None of them is trusted. What
they send is text and stays text; it is bounded in length, in number and in what it may cost; and whoever may decide is
asked who they are at the moment they decide.

## What an operator must do

- **A proxy that speaks https** stands before the web part, and the web part listens where only the proxy reaches it.
  Set `BAITHAK_PUBLIC_URL` to the https address: only then is the moderators' cookie `Secure` and bound to the host.
- **Name the proxy** in `BAITHAK_TRUSTED_PROXIES`, and have it set `X-Forwarded-For`. Without it everybody shares the
  proxy's allowance; with an address in it that strangers can speak from, they choose their own.
- **Give secrets as environment variables or as files**: `BAITHAK_BOT_TOKEN` or `BAITHAK_BOT_TOKEN_FILE`,
  `BAITHAK_WEBHOOK_SECRET`, the passwords in `BAITHAK_DATABASE_URL` and `BAITHAK_REDIS_URL`. Never in
  `config/baithak.toml`, and no key in a feed's address: feeds are named in the log. A webhook secret is long and
  random: `python3 -c "import secrets; print(secrets.token_urlsafe(48))"`.
- **Redis and the database** are reached by the parts alone: over a socket, or with a password and
  [TLS that checks who answers](settings.md#tls). Whoever can write to either can publish.
- **The sandbox is for trying out.** It listens on this machine only and asks nobody who they are; with a token it is
  not started.
- **The moderators' group** decides who may decide. Who leaves it is out within five seconds. An id in
  `BAITHAK_ADMINISTRATORS` stays in until it is taken out there.
- **`BAITHAK_FEED_ALLOW`** opens a way inward for feeds. Name a host and port there only if it is yours.
- `/metrics` and `/readyz` tell numbers, no words; keep them from strangers at the proxy all the same.
- **After a leak**: a new token from @BotFather, a new webhook secret, and `DELETE FROM sessions` in the database, which
  logs every moderator out. Restart the parts.

On PostgreSQL let the parts come in by a role that owns nothing. Run `baithak db upgrade` as the owner, then this, with
a password of your own; the parts use it in `BAITHAK_DATABASE_URL`:

```sql
CREATE ROLE baithak_parts LOGIN PASSWORD 'change-me';
GRANT USAGE ON SCHEMA public TO baithak_parts;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO baithak_parts;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO baithak_parts;
REVOKE UPDATE, DELETE ON audit, audit_seals FROM baithak_parts;
GRANT UPDATE (who, name, scores) ON audit TO baithak_parts
```

Then nothing that comes in by the parts can change or remove a row of the audit or a seal on it, disable their triggers
or empty a table. The last line is for erasing readers: a trigger lets these three columns be emptied in what was a
reader's who was erased, and nowhere else.

- **Keep a head of the audit elsewhere**, once a day: [operating.md](operating.md#the-audit) says how. It is what finds
  an administrator of the database who writes the audit anew.

## How to report a hole

Write to the maintainers in private, by the address in the repository's profile or its form for private reports; not in
a public issue. Say what you did, what happened, and what could be reached by it. Don't try it on
somebody's running newsroom: `make demo` gives you one of your own.

## What is tried

Every row is tried by the tests named in it, most of them on the running web application, a talk with the bot at the
sandbox, or the whole system; pages in a real browser. *Not built* says what a row will also have to hold.

"""

AFTER = """
## Searched by chance

Besides these, shapes that nobody thought of are made up anew from fixed seeds, a few hundred in `make test`, tens of
thousands in `make test-long`: feeds (`tests/fuzz/test_feed.py`), Telegram's updates (`tests/fuzz/test_updates.py`),
lines for `baithak screen` (`tests/fuzz/test_screen.py`), questions to the API drawn from its own document
(`tests/fuzz/test_http_api.py`), and texts that Telegram's own library and the sandbox must read alike
(`tests/contract/test_sandbox_tdlib.py`).

And by what they reach: `make fuzz` changes inputs again and again and goes on from those that reach a new line of ours,
for as long as one lets it; a few seconds of it are in `make test-long` (`tests/fuzz/test_guided.py`). Eight readers of
what strangers send are searched so: feeds, updates, presses, the API's questions and cursors, texts to screen, texts to
classify, the sandbox's markup, backups. A ninth has a fault planted in it, which must be found. What breaks a promise
is kept as a file, with the command that shows it again. The search is atheris's, which is to be had for Linux on
x86_64; elsewhere it is left out, and says so.

## Known and left

- Whoever has the database's own administrator can still change the audit, and is found out, not kept from it: by the
  seals, or, where those were written anew too, only by a head that was kept where they have no hand. What is done to
  a row in the minute or two before its seal is not seen.
- A login link opens a session for who asked for it, in whichever browser presses its button first: it is as private
  as the chat it was sent to, for ten minutes and one use.
"""


def row(case: Case) -> str:
    """A case as a row of the table."""
    tests = "<br>".join(f"`{test}`" for test in case.tests) or "none yet"
    missing = f"<br>*Not built:* {case.missing}" if case.missing else ""
    return f"| {case.number} | {case.attack} | {case.expected}{missing} | {tests} |"


def text() -> str:
    """The page as it must stand."""
    head = "| | attack | what must happen | tried by |\n|---|---|---|---|\n"
    return BEFORE + head + "\n".join(map(row, CASES)) + "\n" + AFTER


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")

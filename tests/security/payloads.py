"""What attackers write: words that would be markup, and texts that are hard to keep, to show and to read."""

from __future__ import annotations

FIRES = "window.__xss=1;alert(1)"
"""What a payload would run. A page on which it ran has `window.__xss`, and a dialog."""

XSS = (
    f"<script>{FIRES}</script>",
    f'"><img src=x onerror="{FIRES}">',
    f"'><img src=x onerror='{FIRES}'>",
    f"<svg/onload={FIRES}>",
    f"<details open ontoggle={FIRES}>",
    f"javascript:{FIRES}",
    f"JaVa&#x09;script:{FIRES}",
    f"</script><script>{FIRES}</script>",
    f"</textarea></title><script>{FIRES}</script>",
    f"<!--><script>{FIRES}</script>-->",
    f"]]><script>{FIRES}</script>",
    f"'-{FIRES}-'",
    f'";{FIRES}//',
    "{{constructor.constructor('" + FIRES.replace("'", '"') + "')()}}",
    "{{7*7}}",
    "${" + FIRES + "}",
    f"\u2028{FIRES}\u2029",
    f"data:text/html,<script>{FIRES}</script>",
    "<base href=//evil.example>",
    f"<iframe srcdoc='<script>parent.{FIRES}</script>'>",
    f"<a href=javascript:{FIRES}>press</a>",
    f"<math><mi//xlink:href='data:x,<script>{FIRES}</script>'>",
    f"<style>@import'javascript:{FIRES}'</style>",
    f"<meta http-equiv=refresh content='0;javascript:{FIRES}'>",
    f"＜script＞{FIRES}＜/script＞",
    f"&lt;script&gt;{FIRES}&lt;/script&gt;",
    f'=HYPERLINK("javascript:{FIRES}")',
)

ODD_TEXTS = {
    "an invisible space in a word": "You id\u200biot, shut up",
    "letters of another script": "You іdiоt, shut up",
    "wide letters": "You ｉｄｉｏｔ, shut up",
    "an override of direction": "You \u202etoidi\u202c, shut up",
    "500 marks on one letter": "You i" + "\u0301" * 500 + "diot, shut up",
    "tag characters": "You " + "".join(chr(0xE0000 + ord(letter)) for letter in "idiot") + " idiot, shut up",
    "a letter that folds into eighteen": "\ufdfa" * 4096,
    "the longest there may be": "a" * 4096,
    "the longest of emoji": "😀" * 2048,
    "a NUL": "before\0after",
    "separators of lines": "one\u2028two\u2029three\x85four",
    "controls": "a\x01b\x1bc\x7fd",
    "no characters": "a\ufffeb\uffffc\U0001fffe",
    "a family and a flag": "👨‍👩‍👧‍👦 🇵🇰",
    "joiners that are needed": "می\u200cخواهم क्\u200dष",
    "format signs": "%s %n %(name)s {0} {title} \\x41 ${HOME} `id`",
    "a query": "'; DROP TABLE comments; --",
    "only one letter": "क",
}
"""Texts that are taken as they are, all of them."""

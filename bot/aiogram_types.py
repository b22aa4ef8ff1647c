"""aiogram's types, each built when it is first used.

aiogram builds the checks of all its 400 types while it is imported: 1.5 s of the bot's start, for some thirty that a
comment desk meets. A bot that was killed is back that much sooner without it.
"""

from __future__ import annotations

import sys
from typing import Any, Literal, Optional, Union

from pydantic import BaseModel


def build_when_used() -> None:
    """Import aiogram without building its types. To be called before anything else imports it, or it does nothing.

    What is built later is what aiogram would have built: its types name one another in their modules' annotations,
    and those names are put there, where pydantic looks for them.
    """
    if "aiogram" in sys.modules:
        return
    build = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(_left_for_later)  # type: ignore[method-assign, assignment]  # for the import
    try:
        from aiogram import types
        from aiogram.client.default import Default
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]  # as it was before the import
    names = {"List": list, "Optional": Optional, "Union": Union, "Literal": Literal, "Default": Default}
    names |= {name: getattr(types, name) for name in types.__all__}
    for name, module in list(sys.modules.items()):
        if name.startswith("aiogram.types."):
            for known, value in names.items():
                vars(module).setdefault(known, value)


def _left_for_later(_type: type[BaseModel], /, **_how: Any) -> None:
    return None

"""What the sandbox refuses.

ApiError        told to the bot, in Telegram's words
ControlError    told to the program or page that drives people, in ours
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A Bot API call refused with Telegram's code, words and parameters."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class ControlError(Exception):
    """A control request refused: an HTTP status in 400..499 and a reason a person can act on."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def bad_request(text: str) -> ApiError:
    """The call is at fault: 400."""
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """The bot may not: 403."""
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """Two ways of receiving updates collide: 409."""
    return ApiError(409, f"Conflict: {text}")


def restarting() -> ApiError:
    """The server goes down: 500; the bot asks again."""
    return ApiError(500, "Internal Server Error: restart")


def too_many_requests(retry_after_s: int) -> ApiError:
    """A rate limit is spent: 429, with whole seconds to wait."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s})

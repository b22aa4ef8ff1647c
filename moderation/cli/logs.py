"""Where logs go and how they look: standard error, for standard output belongs to the commands."""

from __future__ import annotations

import logging
import sys

import structlog

from moderation.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Logs as the settings want them, of libraries too."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    pretty = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(level, logging.WARNING), stream=sys.stderr, format="%(name)s: %(message)s", force=True
    )

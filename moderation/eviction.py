"""What Redis does when its memory is full, asked before anything is put into it."""

from __future__ import annotations

from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from moderation.errors import QueueUnavailable, SettingsError

log = structlog.get_logger(__name__)


async def require_noeviction(redis: Redis) -> None:
    """Make sure that Redis refuses writes when its memory is full, rather than dropping the queue whole.

    Raises SettingsError for any other eviction policy, QueueUnavailable when Redis can't be reached. Where the server
    does not tell (fakeredis, some hosted ones), a warning is logged.
    """
    client: Any = redis
    try:
        answer = await client.config_get("maxmemory-policy")
    except ResponseError:
        log.warning("eviction policy unknown", advice="make sure that maxmemory-policy is noeviction")
        return
    except (RedisError, OSError) as error:
        raise QueueUnavailable(f"Redis can't be reached: {error}") from error
    policy = answer.get("maxmemory-policy")
    if policy != "noeviction":
        raise SettingsError(
            f"Redis would drop comments when its memory is full (maxmemory-policy is {policy}); "
            "set maxmemory-policy noeviction"
        )

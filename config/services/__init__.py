"""The embedded servers: PostgreSQL, Redis and the card stand-in of one `RIALTO_HOME`.

Whoever needs a server calls `hold`; servers that are up are used, others are started, and the last
holder to leave stops them. Settings ask for addresses, which depend on the folder alone.
"""

from config.services.addresses import broker_url, database_url, redis_database, redis_url
from config.services.errors import ServiceError
from config.services.holding import Holding, card_stand_in_address, hold, keep, states, stop

__all__ = [
    "Holding",
    "ServiceError",
    "broker_url",
    "card_stand_in_address",
    "database_url",
    "hold",
    "keep",
    "redis_database",
    "redis_url",
    "states",
    "stop",
]

"""Django's settings, split by concern; varied by environment variables alone."""

from config.settings.base import *  # noqa: F403
from config.settings.oscar import *  # noqa: F403
from config.settings.policy import *  # noqa: F403
from config.settings.wiring import *  # noqa: F403

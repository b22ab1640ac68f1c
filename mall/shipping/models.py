"""Oscar's delivery models, unchanged."""

from oscar.apps.shipping.models import *  # noqa: F403 - a fork names its app's models

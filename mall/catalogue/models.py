"""Oscar's catalogue models, unchanged."""

from oscar.apps.catalogue.models import *  # noqa: F403 - a fork names its app's models

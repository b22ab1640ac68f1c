from oscar.apps.order.admin import *  # noqa: F403 - Oscar registers its own models of this app

from oscar.apps.shipping.admin import *  # noqa: F403 - Oscar registers its own models of this app

"""People who sign in; Oscar's own models of this app come below ours."""

from oscar.apps.customer.abstract_models import AbstractUser


class User(AbstractUser):
    """A person who signs in with an e-mail address: shopper, merchant's staff or the bank's."""

    class Meta(AbstractUser.Meta):
        abstract = False


from oscar.apps.customer.models import *  # noqa: E402, F403 - Oscar registers the models we do not replace

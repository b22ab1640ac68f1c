"""Settings of the test suite: the embedded servers of a folder of its own, one database a process.

Each pytest process takes a slot (a lock file, free again when the process is gone, however it ended); the
slot names its database and its part of Redis. Commands that a test starts inherit both through the environment.
"""

import os

from config import env, services
from config.services import home as folders

os.environ["RIALTO_ENV"] = "test"
os.environ.setdefault("RIALTO_HOME", str(env.CHECKOUT / ".rialto-test"))
for _foreign in ("DATABASE_OWNER_URL", "STRIPE_API_KEY", "STRIPE_API_BASE", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG"):
    os.environ.pop(_foreign, None)

SLOTS = 20
_me = os.environ.get("PYTEST_XDIST_WORKER", "main")


def _take_slot() -> int:
    folder = env.home() / "slots"
    folders.prepare(home=env.home())
    folders.private_folder(path=folder)
    for number in range(SLOTS):
        descriptor = folders.open_lock(path=folder / str(number))
        if folders.try_lock(descriptor=descriptor, exclusive=True):
            return number
        os.close(descriptor)
    raise SystemExit(f"All {SLOTS} slots of {folder} are taken: end another test run first.")


if os.environ.get("RIALTO_TEST_SLOT", ":").split(":")[1] != _me:
    os.environ["RIALTO_TEST_SLOT"] = f"{_take_slot()}:{_me}"
    _slot = int(os.environ["RIALTO_TEST_SLOT"].split(":")[0])
    os.environ["DATABASE_URL"] = services.database_url(home=env.home(), role="app", name=f"test_{_slot}")
    os.environ["REDIS_URL"] = services.redis_database(url=services.redis_url(home=env.home()), offset=3 * _slot + 2)

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True

# Journeys pay what they like; the tests of the second factor set limits of their own.
RIALTO_STEP_UP_ABOVE = RIALTO_STEP_UP_FREE_SUM = 10**12
RIALTO_STEP_UP_FREE_PAYMENTS = 10**9
# Rules are tested where they are set.
RIALTO_VELOCITY_RULES = ()

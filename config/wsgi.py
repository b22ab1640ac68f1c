"""Entry of the web server."""

import os
import sys

from config.env import WrongEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

try:
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
except WrongEnvironment as problem:
    sys.exit(str(problem))

"""The queue: one Celery application, its settings under `CELERY_` in Django's."""

import os
import sys

from celery import Celery
from kombu import Queue

from config.env import WrongEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("payments", "settlement", "credit", "bulk")

app = Celery("rialto")
try:
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.task_queues = [Queue(name) for name in QUEUES]
except WrongEnvironment as problem:
    sys.exit(str(problem))
app.autodiscover_tasks()

"""The queue: one Celery application, its settings under `CELERY_` in Django's."""

import os
import sys
import time

import structlog
from celery import Celery
from celery.signals import worker_ready
from celery.worker.consumer import Consumer
from kombu import Queue

from config.env import WrongEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = structlog.get_logger(__name__)
QUEUES = ("payments", "settlement", "credit", "bulk")

app = Celery("rialto")
try:
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.task_queues = [Queue(name) for name in QUEUES]
except WrongEnvironment as problem:
    sys.exit(str(problem))
app.autodiscover_tasks()
# The mall is a package of apps, and its own tasks stand beside them.
app.autodiscover_tasks(["mall"])


@worker_ready.connect
def start_saying_what_is_held(sender: Consumer, **kwargs: object) -> None:
    """Let a worker renew its claim on its tasks as long as it lives, several times within the broker's patience."""
    patience = app.conf.broker_transport_options["visibility_timeout"]
    sender.timer.call_repeatedly(patience / 4, say_what_is_held, (sender,))
    log.info("worker ready", queues=sorted(queue.name for queue in sender.task_consumer.queues))


def say_what_is_held(consumer: Consumer) -> None:
    """Tell the broker that the tasks this worker has taken and not yet finished are still in good hands."""
    channel = consumer.task_consumer.channel
    held = dict.fromkeys(channel.qos._delivered, time.time())
    if held:
        with channel.conn_or_acquire() as client:
            client.zadd(channel.unacked_index_key, held, xx=True)

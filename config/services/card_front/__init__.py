"""What lies in front of localstripe: repeated keys, signed events, banks with a will of their own, and faults.

`MODULES` is the place for more: each has `install(*, app, emit)`, adds its routes to `app` and tells of what happens by
`emit(type, object)`. State is kept in `localstripe.resources.store` under keys that begin with `front:`.
"""

from importlib import import_module

from aiohttp import web

from config.services.card_front import events, faults, issuers, keys

MODULES: tuple[str, ...] = ("config.services.card_front.money", "config.services.card_front.disputes")


def install(*, app: web.Application) -> None:
    """Put everything in front of localstripe's own routes; a fault is outside of all else, like a bad line."""
    issuers.install(app=app)
    app.middlewares.insert(0, events.tell)
    app.middlewares.insert(0, keys.answer_once)
    app.middlewares.insert(0, faults.spoil)
    faults.install(app=app)
    events.install(app=app)
    for path in MODULES:
        import_module(path).install(app=app, emit=events.emit)

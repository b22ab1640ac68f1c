"""Addresses of messages."""

from django.urls import path

from mall.messages import merchant_views, staff_views, views

urlpatterns = [
    path("messages/", views.threads, name="messages"),
    path("messages/new/", views.new, name="thread-new"),
    path("messages/files/<int:pk>/", views.file, name="message-file"),
    path("messages/<int:pk>/", views.thread, name="thread"),
    path("messages/<int:pk>/call/", views.call, name="thread-call"),
    path("merchant/messages/", merchant_views.threads, name="merchant-messages"),
    path("merchant/messages/answers/", merchant_views.quick, name="merchant-quick"),
    path("merchant/messages/answers/<int:pk>/remove/", merchant_views.quick_remove, name="merchant-quick-remove"),
    path("merchant/messages/<int:pk>/", merchant_views.thread, name="merchant-thread"),
    path("merchant/messages/<int:pk>/call/", merchant_views.call, name="merchant-thread-call"),
    path("ops/messages/", staff_views.calls, name="ops-messages"),
    path("ops/messages/<int:pk>/", staff_views.show, name="ops-thread"),
    path("ops/messages/<int:pk>/<slug:action>/", staff_views.act, name="ops-thread-act"),
    path("ops/messages/blocks/<int:pk>/lift/", staff_views.lift, name="ops-block-lift"),
]

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Messages between buyers and merchants; Django's own messages have the other label."""

    name = "mall.messages"
    label = "conversations"
    verbose_name = "Messages"

"""The way in for classify requests: a bare ASGI application in front of Django.

It finds out who asks, checks what is asked, puts it into the organisation's own queue, and waits at the
organisation's own reply list for what its worker answers.
"""

"""The operators' desk at /operators/: Django's admin over `public`, whose every change is a verb with an entry."""

"""The mathematics of classification in plain Python: read a table, fit, evaluate, store, predict.

Nothing in here knows of Django, a queue or a registry, and every import within the folder is relative, so
that a copy of it under another name can travel with a model.
"""

"""Keeps MLflow's registry as the record of every model version; runs as a process, `python -m classifier.registrar`.

The process itself (`__main__`) is small and stays: it reads what is to be recorded from `public` (`assignments`) and
what MLflow holds from MLflow's own tables (`holdings`). Importing MLflow takes seconds and 200 MB, so only a child
does it (`recorder`, kept by `child`), which ends when it has had nothing to do for a while.
"""

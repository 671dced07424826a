"""The fleet: one supervisor a host, which starts and stops the organisations' workers.

It learns from one list of the broker that something waits (`demand`), holds the leases of those whom it serves
(`leases`), lets `classifier.scaling` decide, has the fork server do it (`crew`), and tells what it sees (`record`).
It never sees a message: its broker user may only count. `foreman` puts these together; `status` is for people.
"""

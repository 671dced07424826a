"""What the gateway counts; see tenants/metrics.py."""

from tenants.metrics import Counter, Histogram

REQUESTS = Histogram(
    "assort_gateway_request_seconds", "Classify requests by the class of their answer's status.", ("status",)
)
REFUSED = Counter(
    "assort_gateway_refused", "Classify requests that were refused, by the code of the reason.", ("reason",)
)
BATCHES = Counter("assort_gateway_batches", "Messages to workers, those that were sent again included.")
ROWS = Counter("assort_gateway_rows", "Rows that were classified, or accepted for later.")
# A client that left before it was answered has no status.
LEFT = "left"

"""What people type: its shape only. The rules stand with the verbs that the views call."""

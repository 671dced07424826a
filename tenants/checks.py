"""System checks; see tenants.boot for what is asked of the servers themselves."""

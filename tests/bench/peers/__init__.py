"""Other model servers with the same model. What runs inside them imports the standard library and the server only."""

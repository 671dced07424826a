"""What can go wrong, in one line each."""


class Failed(Exception):
    """A step does not come out as the contract says."""


class NotAnswering(Failed):
    """Nobody answers at the address at all."""

"""The probe that PyTorch keeps in a build without process groups."""


def is_available() -> bool:
    """Whether processes can be joined into a group: not yet."""
    return False

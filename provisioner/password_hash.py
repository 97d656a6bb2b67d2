"""What may be the hash of a password: bcrypt says what it reads, and dex at which cost it lets people in."""

from __future__ import annotations

import bcrypt

_COSTS = frozenset(str(cost) for cost in range(10, 17))
"""dex refuses who has a lower one at each login; a higher one takes seconds of every login."""
_DIGEST = 29  # where it begins, after the salt


def strong(hashed: str) -> bool:
    """Whether it is a bcrypt hash of cost 10 to 16.

    bcrypt is given the lowest cost instead of the hash's own, which may take days, and what is behind the
    salt, which it does not look at, as salts of their own.
    """
    digest = hashed[_DIGEST:]
    try:
        made = bcrypt.hashpw(b"", f"{hashed[:4]}04{hashed[6:]}".encode())
        for part in (digest[:21], digest[10:]):
            bcrypt.hashpw(b"", f"$2b$04${part}.".encode())
    except ValueError:
        return False
    return len(hashed) == len(made) and hashed[4:6] in _COSTS

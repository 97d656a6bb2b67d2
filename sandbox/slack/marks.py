"""How far somebody has read."""


class Marks:
    """By person and place; a mark never goes back."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], str] = {}

    def put(self, *where: str, ts: str) -> None:
        """All up to `ts` is read."""
        self._read[where] = max(ts, self.at(*where))

    def at(self, *where: str) -> str:
        """Empty where nothing is read."""
        return self._read.get(where, "")

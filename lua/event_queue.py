"""What is pending in a simulated device, and its clock: time passes only while nothing runs."""

import heapq

MOST_PENDING = 1000


class EventQueue:
    """Events by the microsecond in which they are due; those of one microsecond in the order they were made."""

    def __init__(self, now: int = 0) -> None:
        """Begin with nothing pending. now: microseconds since the first power-on."""
        self.now = now
        self.started = now
        """When this run of the application began."""
        self._due: list[tuple[int, int]] = []
        self._cancelled: set[int] = set()
        self._number = 0

    @property
    def is_empty(self) -> bool:
        """Nothing is pending."""
        self._skip()
        return not self._due

    @property
    def next_due(self) -> int:
        """When the next event is due."""
        self._skip()
        return self._due[0][0]

    def schedule(self, microseconds: int) -> int:
        """Return the number of a new event; -1 where too many are pending."""
        if len(self._due) >= MOST_PENDING:
            return -1
        self._number += 1
        heapq.heappush(self._due, (self.now + max(microseconds, 0), self._number))
        return self._number

    def cancel(self, number: int) -> None:
        """Forget an event."""
        self._cancelled.add(number)
        if len(self._cancelled) > MOST_PENDING:
            self._due = [event for event in self._due if event[1] not in self._cancelled]
            heapq.heapify(self._due)
            self._cancelled.clear()

    def take(self) -> int:
        """Return the next event, and let the time pass until then."""
        self._skip()
        due, number = heapq.heappop(self._due)
        self.now = max(self.now, due)
        return number

    def _skip(self) -> None:
        while self._due and self._due[0][1] in self._cancelled:
            self._cancelled.discard(heapq.heappop(self._due)[1])

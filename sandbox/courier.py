"""The background: sends what is due with a small pool of threads, and lets time do its work."""

import queue
import random
import threading
import time
from collections import Counter

from sandbox import automatic, deliveries, endpoints, sender, timers
from sandbox.world import Transaction, World

POOL_THREADS = 16
# A slow endpoint keeps at most this many threads busy, so that the others are served meanwhile.
IN_FLIGHT_PER_ENDPOINT_MAX = 4
LOOK_AHEAD = 64


class Courier:
    """One thread decides what to send, the pool sends it. A delivery is pending until its result is known."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._in_flight: dict[int, tuple[str, str]] = {}
        # A delivery, and the generation of the state in which it was due.
        self._jobs: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()

    def start(self) -> None:
        """Start the threads. They are daemons: an attempt under way at a stop is made again later."""
        threading.Thread(target=self._decide, name="courier", daemon=True).start()
        for number in range(POOL_THREADS):
            threading.Thread(target=self._send_all, name=f"sender-{number}", daemon=True).start()

    def _decide(self) -> None:
        while not self._world.stopping.is_set():
            # Cleared before looking: whatever comes after this line wakes the wait below.
            self._world.work.clear()
            automatic.run_due(self._world)
            self._disable_failing_endpoints()
            self._queue_due()
            self._world.work.wait(self._seconds_to_wait())

    def _disable_failing_endpoints(self) -> None:
        with self._world.reading() as tx:
            overdue = endpoints.overdue_for_disabling(tx)
        for endpoint_id in overdue:
            with self._world.transaction() as tx:
                endpoints.disable(tx, endpoint_id)

    def _queue_due(self) -> None:
        if self._is_paused():
            return
        with self._lock, self._world.reading() as tx:
            for endpoint in endpoints.every(tx):
                if endpoint["enabled"]:
                    self._queue_due_of(tx, endpoint["id"])

    def _queue_due_of(self, tx: Transaction, endpoint_id: str) -> None:
        busy_lanes = Counter(self._in_flight.values())
        free = IN_FLIGHT_PER_ENDPOINT_MAX - sum(
            n for (busy, _), n in busy_lanes.items() if busy == endpoint_id
        )
        rows = deliveries.due(tx, endpoint_id, time.time(), LOOK_AHEAD) if free > 0 else []
        is_shuffled = self._world.controls.get("deliveries")["shuffle"]
        if is_shuffled:
            random.shuffle(rows)
        for row in rows:
            lane = (endpoint_id, row["lane"])
            if free == 0:
                return
            # One at a time for each payment keeps the order of its events; shuffling gives that up.
            if row["seq"] in self._in_flight or (busy_lanes[lane] and not is_shuffled):
                continue
            busy_lanes[lane] += 1
            free -= 1
            self._in_flight[row["seq"]] = lane
            self._jobs.put((row["seq"], self._world.generation))

    def _seconds_to_wait(self) -> float | None:
        clock, real_now = self._world.clock, time.time()
        with self._world.reading() as tx:
            moments = [timers.next_due_at(tx), endpoints.next_disabling_at(tx)]
            spaced_until = None
            if not self._is_paused():
                moments.append(deliveries.next_due_at(tx))
                spaced_until = deliveries.next_not_before(tx, real_now)
        waits = [clock.seconds_until(moment) for moment in moments if moment is not None]
        if spaced_until is not None:
            waits.append(spaced_until - real_now)
        return min((wait for wait in waits if wait is not None), default=None)

    def _send_all(self) -> None:
        while True:
            seq, generation = self._jobs.get()
            try:
                self._send(seq, generation)
            finally:
                with self._lock:
                    self._in_flight.pop(seq, None)
                self._world.work.set()

    def _send(self, seq: int, generation: int) -> None:
        with self._world.reading() as tx:
            row = deliveries.load(tx, seq) if generation == self._world.generation else None
        if row is None or row["state"] != "pending":
            return
        body = row["body"]
        header_values = sender.headers(row["event_id"], body, row["secret"])
        if self._world.controls.get("deliveries")["corrupt"]:
            body = sender.corrupted(body)
            header_values["Content-Length"] = str(len(body))
        started_at = self._world.clock.now()
        answer = sender.send(row["url"], body, header_values)
        # Killed here, the delivery is still pending and is made again: Razorpay promises "at least once" too.
        with self._world.transaction() as tx:
            # After a restore the number may be another delivery's.
            if generation == self._world.generation:
                deliveries.note_attempt(tx, seq, answer, started_at)

    def _is_paused(self) -> bool:
        return bool(self._world.controls.get("deliveries")["paused"])

"""A hundred thousand orders do not slow the sandbox down: no query reads or sorts a whole table."""

from sandbox import deliveries, endpoints, records, refunds, settlements, timers
from sandbox.settings import from_env
from sandbox.world import World


def plans_of(tmp_path, look) -> list[str]:
    """Give how SQLite answers each query that is made while `look` is called with a transaction."""
    world = World(from_env({"SANDBOX_DATABASE": str(tmp_path / "growth.sqlite3")}))
    with world.reading() as tx:
        seen: list[tuple[str, tuple]] = []
        run = tx._db.execute

        class Watched:
            def execute(self, sql, values=()):
                seen.append((sql, tuple(values)))
                return run(sql, values)

        tx._db = Watched()
        look(tx)
        plans = [row["detail"] for sql, values in seen for row in run(f"EXPLAIN QUERY PLAN {sql}", values)]
    world.store.close()
    return plans


def is_slow(step: str) -> bool:
    """Tell whether a step reads a whole table, or sorts what it found."""
    return "TEMP B-TREE" in step or (step.startswith("SCAN") and "USING" not in step)


def test_lists_are_read_along_an_index(tmp_path):
    def look(tx):
        for table in ("orders", "payments", "refunds", "settlements", "payment_disputes"):
            records.find(tx, table, {}, count=10, skip=5)
            records.find(tx, table, {"created_at >= ?": 1, "created_at <= ?": 2}, count=10)
        records.find(tx, "orders", {"authorized = ?": 1}, count=10)

    plans = plans_of(tmp_path, look)

    assert len(plans) == 11
    assert [step for step in plans if is_slow(step)] == []


def test_what_belongs_to_one_order_or_payment_is_found_by_an_index(tmp_path):
    def look(tx):
        records.find(tx, "orders", {"receipt = ?": "x"}, count=10)
        records.find(tx, "payments", {"order_id = ?": "x"})
        records.find(tx, "refunds", {"payment_id = ?": "x"})
        refunds._is_receipt_used(tx, "x", "y")

    plans = plans_of(tmp_path, look)

    # A few rows of one receipt or order may be sorted.
    assert [step for step in plans if step.startswith("SCAN")] == []


def test_the_background_looks_at_what_is_due_only(tmp_path):
    def look(tx):
        timers.next_due_at(tx)
        timers.take_due(tx)
        deliveries.due(tx, "x", 0.0, 10)
        deliveries.next_due_at(tx)
        endpoints.overdue_for_disabling(tx)
        settlements.settle(tx, "")

    plans = plans_of(tmp_path, look)

    assert [step for step in plans if is_slow(step) and "endpoints" not in step] == []

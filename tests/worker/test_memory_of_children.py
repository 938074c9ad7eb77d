"""The processes that work were forked from one that had loaded everything, and share its memory."""

from tests.conftest import Stack


def test_children_have_less_of_their_own_than_they_share(stack: Stack) -> None:
    _, *children = stack.processes("celery_app", "worker")

    memory = [child.memory_full_info() for child in children]

    assert len(memory) == 2
    assert [each.uss < each.rss / 2 for each in memory] == [True, True], memory

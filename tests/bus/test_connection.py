"""What a connection to Redis costs."""

from tests.storage.fixtures import redis_away


def test_no_connection_looks_up_again_what_it_tells_of_its_client() -> None:
    """redis-py would read it from its package on the disk, each time that it connects anew."""
    pool = redis_away().connection_pool
    one, other = (pool.make_connection() for _ in range(2))  # type: ignore[no-untyped-call]
    assert one.driver_info is other.driver_info
    assert one.driver_info.formatted_name == "redis-py"

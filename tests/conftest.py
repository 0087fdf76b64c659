import matplotlib
import nengo
import pytest
from hypothesis import settings
from nengo.rc import rc

matplotlib.use("agg")

# a busy machine is no failure
settings.register_profile("nengo_fa", deadline=None)
settings.load_profile("nengo_fa")


@pytest.fixture(autouse=True)
def plain_nengo():
    """Nengo as it comes, without progress bars and without a cache between tests."""
    rc.reload_rc([])
    rc["decoder_cache"]["enabled"] = "false"
    rc["progress"]["progress_bar"] = "false"
    yield
    assert not nengo.Network.context, "the test left a network open"

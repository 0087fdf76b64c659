"""The number of threads for the linear algebra of a training."""

from contextlib import nullcontext

from threadpoolctl import threadpool_limits

#: Number of multiplications in an epoch above which several threads are faster than one.
N_PRODUCTS = 10**9


def limit_threads(n_products):
    """Return a context in which BLAS uses one thread if an epoch is short.

    Small products take less time than the synchronization of threads. With two threads on
    two cores, an epoch may take several times as long as with one thread, and much longer if
    the cores have other work.
    """
    if n_products >= N_PRODUCTS:
        return nullcontext()
    return threadpool_limits(1, user_api="blas")

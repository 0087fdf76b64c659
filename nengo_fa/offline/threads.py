"""How many threads the linear algebra of a training has."""

from contextlib import nullcontext

from threadpoolctl import threadpool_limits

#: Multiplications in an epoch from which on several threads are worth their waiting for
#: each other.
N_PRODUCTS = 10**9


def limit_threads(n_products):
    """Return a context in which BLAS has one thread, if an epoch is small.

    Small products are over before threads have found each other: with two, on two cores, an
    epoch may take several times as long as with one, and far longer still where the cores have
    other work.
    """
    if n_products >= N_PRODUCTS:
        return nullcontext()
    return threadpool_limits(1, user_api="blas")

"""Networks that learn to classify samples."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Default
from nengo.utils.numpy import is_integer, is_iterable
from numpy.typing import ArrayLike


class BalancedHypersphere(nengo.dists.Distribution):
    """Random vectors of unit length whose entries sum to zero.

    Neurons with such encoders ignore the mean of their inputs. This is useful for encoders
    whose inputs are activities: because activities are never negative, most of the input of
    random encoders would be the same for all samples, and with each layer more neurons would
    fire always or never.

    Examples
    --------
    >>> encoders = nengo_fa.networks.BalancedHypersphere().sample(
    ...     2, 5, rng=np.random.RandomState(0))
    >>> bool(np.allclose(encoders.sum(axis=1), 0))
    True
    """

    def sample(self, n: int, d: int | None = None, rng: Any = np.random) -> np.ndarray:
        """Draw samples.

        Parameters
        ----------
        n : int
            Number of samples.
        d : int
            Dimensions, at least 2.
        rng : numpy.random.RandomState, optional

        Returns
        -------
        samples : (n, d) ndarray

        Raises
        ------
        nengo.exceptions.ValidationError
            If there are fewer than 2 dimensions.
        """
        if d is None or d < 2:
            raise ValidationError(
                f"Entries that sum to zero need at least 2 dimensions (got {d})",
                attr="d",
            )
        vectors = rng.randn(n, d)
        vectors -= vectors.mean(axis=1, keepdims=True)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class DeepClassifier(nengo.Network):
    """Hidden layers between samples and an output for each class.

    To teach the network with `.train`, set the learning rule types of ``encodes``, for
    instance with `.teach_chain`, and pass ``decode``. Each layer is connected from all
    neurons of the previous layer, so that its encoders are the full matrix of weights. The
    first layer suits samples with a mean of zero and a mean length of one
    (`nengo_fa.datasets.Dataset.centered`). With the default parameters, activities neither
    vanish nor saturate in eight layers and more, with rectified linear or LIF neurons.

    Parameters
    ----------
    size_in : int
        Dimensions of a sample, such as the number of pixels.
    n_classes : int
    n_neurons : sequence of int, optional
        Number of neurons in each hidden layer.
    neuron_type : nengo.neurons.NeuronType, optional
        By default, LIF neurons with activities of the order of one, so that the same
        learning rate suits all rules.
    encoders : (n_neurons, size_in) array_like or nengo.dists.Distribution, optional
        Initial encoders of the first layer, of any length. By default, they are uniform on
        the unit sphere. The encoders of the other layers are `BalancedHypersphere`.
    max_rates : nengo.dists.Distribution, optional
        Maximum rates of the neurons, in Hz.
    intercepts : nengo.dists.Distribution, optional
        The projections onto their encoders at which neurons begin to fire. The default is
        small, because projections onto random directions are small in many dimensions.
    radius : float, optional
        The projection at which neurons of the first layer fire at their maximum rates.
    inner_radius : float, optional
        The same for the other layers.
    synapse : nengo.synapses.Synapse or float, optional
        Filter from the neurons of each layer to the next and to the output.
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    stimulus : nengo.Node
        The sample; zero, until you set its ``output``.
    layers : list of nengo.Ensemble
        The neurons whose encoders are taught, from the first layer to the last.
    output : nengo.Node
        One number for each class; the largest number determines the class.
    encodes : list of nengo.Connection
        The connection to each layer.
    decode : nengo.Connection
        The connection from the last layer to the output.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no layer, or if a layer before another has fewer than two neurons.

    Examples
    --------
    >>> digits = nengo_fa.datasets.digits().centered()
    >>> with nengo.Network(seed=1) as model:
    ...     classifier = nengo_fa.networks.DeepClassifier(64, 10, n_neurons=[50, 40])
    ...     nengo_fa.teach_chain(
    ...         classifier.encodes, classifier.decode, variant="direct", learning_rate=3,
    ...         derivative=nengo_fa.Rate())
    >>> y, y_test = digits.one_hot()
    >>> history = nengo_fa.train(
    ...     classifier.decode, digits.x_train, y, epochs=5, batch_size=200,
    ...     progress_bar=False, network=model)
    >>> bool(history.rmse[-1] < history.rmse[0])
    True
    """

    def __init__(
        self,
        size_in: int,
        n_classes: int,
        n_neurons: Sequence[int] = (200, 200),
        neuron_type: nengo.neurons.NeuronType = nengo.LIF(amplitude=1 / 300),
        encoders: nengo.dists.Distribution | ArrayLike = Default,
        max_rates: nengo.dists.Distribution = nengo.dists.Uniform(200, 400),
        intercepts: nengo.dists.Distribution = nengo.dists.Uniform(-0.1, 0.1),
        radius: float = 1.0,
        inner_radius: float = 0.6,
        synapse: float | nengo.synapses.Synapse = 0.005,
        label: str | None = "DeepClassifier",
        **kwargs: Any,
    ) -> None:
        _check_layers(n_neurons)
        super().__init__(label=label, **kwargs)
        with self:
            self.stimulus = nengo.Node(np.zeros(size_in), label="stimulus")
            self.layers = [
                nengo.Ensemble(
                    n,
                    size_in if k == 0 else n_neurons[k - 1],
                    neuron_type=neuron_type,
                    encoders=encoders if k == 0 else BalancedHypersphere(),
                    max_rates=max_rates,
                    intercepts=intercepts,
                    radius=radius if k == 0 else inner_radius,
                    label=f"hidden {k + 1}",
                )
                for k, n in enumerate(n_neurons)
            ]
            self.output = nengo.Node(size_in=n_classes, label="output")
            self.encodes = self._connect_layers(synapse)
            self.decode = nengo.Connection(
                self.layers[-1],
                self.output,
                function=partial(_get_zeros, n_classes),
                solver=nengo.solvers.NoSolver(),
                synapse=synapse,
                label="decode",
            )

    def _connect_layers(self, synapse):
        """Connect the stimulus to the first layer, and each layer to the next."""
        first = nengo.Connection(
            self.stimulus, self.layers[0], synapse=None, label="encode 1"
        )
        others = [
            nengo.Connection(
                before.neurons,
                layer,
                # a matrix, which backpropagation needs
                transform=np.eye(before.n_neurons),
                synapse=synapse,
                label=f"encode {k}",
            )
            for k, (before, layer) in enumerate(zip(self.layers, self.layers[1:]), 2)
        ]
        return [first, *others]


def _check_layers(n_neurons):
    if (
        not is_iterable(n_neurons)
        or len(n_neurons) == 0
        or not all(map(is_integer, n_neurons))
        or min(n_neurons[:-1], default=2) < 2
    ):
        raise ValidationError(
            "Must be the number of neurons in each layer, such as [200, 200], and at "
            f"least 2 in each layer before another (got {n_neurons!r})",
            attr="n_neurons",
        )


class Classifier(DeepClassifier):
    """One hidden layer between samples and an output for each class.

    This is the network of the paper's second experiment. To teach it with `.train`, set the
    learning rule type of ``encode``, and pass ``decode``.

    Parameters
    ----------
    size_in : int
        Dimensions of a sample, such as the number of pixels.
    n_classes : int
    n_neurons : int, optional
        Number of neurons in the hidden layer.
    **kwargs
        As for `DeepClassifier`.

    Attributes
    ----------
    hidden : nengo.Ensemble
        The neurons whose encoders are taught.
    encode : nengo.Connection
        The connection to these neurons.

    Examples
    --------
    >>> digits = nengo_fa.datasets.digits().centered()
    >>> with nengo.Network(seed=1) as model:
    ...     classifier = nengo_fa.networks.Classifier(64, 10, n_neurons=50)
    >>> classifier.encode.learning_rule_type = nengo_fa.FeedbackAlignment(
    ...     10, learning_rate=5, derivative=nengo_fa.Rate())
    >>> y, y_test = digits.one_hot()
    >>> history = nengo_fa.train(
    ...     classifier.decode, digits.x_train, y, epochs=5, batch_size=200,
    ...     progress_bar=False, network=classifier)
    >>> bool(history.rmse[-1] < history.rmse[0])
    True
    """

    def __init__(
        self,
        size_in: int,
        n_classes: int,
        n_neurons: int = 200,
        label: str | None = "Classifier",
        **kwargs: Any,
    ) -> None:
        super().__init__(size_in, n_classes, [n_neurons], label=label, **kwargs)
        (self.hidden,), (self.encode,) = self.layers, self.encodes


def _get_zeros(size, x):
    # not a lambda, so that simulators can be pickled
    return np.zeros(size)

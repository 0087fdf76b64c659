"""Write the parameters that training has learned to the network."""

import warnings

from nengo.exceptions import NengoWarning

from nengo_fa.learned import LearnedDecoders, freeze_ensemble, freeze_weights
from nengo_fa.learned.parts import is_decoded


def write_back(path, record, solver):
    """Write the learned parameters to the network, and the seeds that belong to them."""
    model = path.model
    for obj in path.objects:
        obj.seed = model.seeds[obj]
    for stage, encoders in zip(path.stages, record.encoders):
        built = model.params[stage.ensemble]
        freeze_ensemble(stage.ensemble, encoders, built.gain, built.bias)
    for stage in path.stages[1:]:
        # another solver would find other decoders for the new encoders
        if is_decoded(stage.encode):
            weights = model.sig[stage.encode]["weights"].initial_value
            freeze_weights(stage.encode, weights)
    if is_decoded(path.decode):
        path.decode.solver = solver  # which keeps the decoders
    freeze_weights(path.decode, record.decoders)
    if record.kept_epoch > 0:
        _warn_of_stale_decoders(path)


def _warn_of_stale_decoders(path):
    """Warn of decoders that were learned for the previous encoders."""
    taught = [stage.ensemble for stage in path.stages]
    for connection in path.model.toplevel.all_connections:
        if connection in path.objects or connection.pre_obj not in taught:
            continue
        if isinstance(connection.solver, LearnedDecoders):
            warnings.warn(
                f"The decoders of {connection} were learned for encoders of "
                f"{connection.pre_obj} that have now changed. Solve for these decoders "
                "again with nengo_fa.train(connection, x, y, epochs=0, network=...), or "
                "let Nengo solve for them with connection.solver = "
                "nengo.solvers.LstsqL2().",
                NengoWarning,
            )

"""Our minimiser as a pyhf optimizer: ``pyhf.set_backend("numpy",
exonu.statistics.NewtonOptimizer())``.

All of `pyhf.infer` then runs on it unchanged: the statistics are pyhf's, the minima are ours (exact
derivatives, closed-form bin-wise parameters). What the engine does not know (custom modifiers,
clipping, batches, another objective) goes to pyhf's own scipy optimizer, with a warning that says
why. So does a fit that asks for a method of scipy by its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyhf
from pyhf.infer.mle import twice_nll
from pyhf.optimize.opt_scipy import scipy_optimizer
from scipy.optimize import OptimizeResult, OptimizeWarning

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.fitting import STATUS, FitResult, global_minimum, minimise
from exonu.statistics.workspaces.compiled_model import Model, compile_specification

Bounds = Sequence[Sequence[float]]
_OPTIONS = {"maxiter", "verbose", "method", "tolerance", "solver_options"}
_OTHER_OBJECTIVE = "the objective is not pyhf's twice_nll"
_MODIFIERS_DEFAULT = {"normsys": "code1", "histosys": "code0"}


class NotSupported(UserWarning):
    """A fit that pyhf's scipy optimizer did instead, and why."""


class NewtonOptimizer(scipy_optimizer):  # type: ignore[misc]
    """A pyhf optimizer with exact Newton steps.

    It takes the options of pyhf's scipy optimizer (``maxiter``, ``verbose``, ``tolerance``,
    ``solver_options``, ``method``; only the fallback uses them, and Newton's method says so of
    `solver_options`), and refuses others as that does. It gives ``return_uncertainties`` and
    ``return_correlations`` too, from the inverse Hessian.

    >>> import pyhf
    >>> from exonu.statistics import NewtonOptimizer
    >>> model = pyhf.simplemodels.uncorrelated_background(signal=[12, 11], bkg=[50, 52], bkg_uncertainty=[3, 7])
    >>> data = [51, 48, *model.config.auxdata]
    >>> pyhf.set_backend("numpy", NewtonOptimizer())
    >>> print(f"{pyhf.infer.hypotest(1.0, data, model):.6f}")
    0.052516
    >>> pyhf.set_backend("numpy")
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.name: str = "newton"
        self.fits = 0
        self._compiled: WeakKeyDictionary[Any, Model | str] = WeakKeyDictionary()

    def minimize(
        self,
        objective: Callable[..., Any],
        data: Any,
        pdf: Any,
        init_pars: Sequence[float],
        par_bounds: Bounds,
        fixed_vals: Sequence[tuple[int, float]] | None = None,
        return_fitted_val: bool = False,
        return_result_obj: bool = False,
        return_uncertainties: bool = False,
        return_correlations: bool = False,
        do_grad: bool | None = None,
        do_stitch: bool = False,
        **options: Any,
    ) -> Any:
        """Minimise pyhf's ``twice_nll``; arguments and results as
        `pyhf.optimize.mixins.OptimizerMixin.minimize`."""
        if do_grad and not pyhf.tensorlib.default_do_grad:
            raise pyhf.exceptions.Unsupported(
                f"{pyhf.tensorlib.name} does not support autodifferentiation."
            )
        method = self._checked(options)
        compiled = self._model(pdf) if objective is twice_nll else _OTHER_OBJECTIVE
        if method is not None and not isinstance(compiled, str):
            compiled = f"the method {method!r} is asked for"
        if isinstance(compiled, str):
            warnings.warn(
                f"{compiled}: fitted by pyhf's scipy optimizer instead", NotSupported, stacklevel=3
            )
            return super().minimize(
                objective,
                data,
                pdf,
                init_pars,
                par_bounds,
                fixed_vals,
                return_fitted_val=return_fitted_val,
                return_result_obj=return_result_obj,
                return_uncertainties=return_uncertainties,
                return_correlations=return_correlations,
                do_grad=do_grad,
                do_stitch=do_stitch,
                **options,
            )
        vector = np.ascontiguousarray(data, dtype=float)
        found = self._fit(compiled, vector, init_pars, par_bounds, fixed_vals or ())
        self.fits += 1
        result = OptimizeResult(
            x=found.parameters,
            fun=np.asarray(2.0 * found.nll),
            success=found.minimum.converged,
            message=STATUS[found.minimum.status],
            nit=found.iterations,
            edm=found.edm,
            jac=2.0 * found.minimum.gradient,
            multimodal=found.multimodal,
            unc=None,
            corr=None,
        )
        if not result.success:
            raise pyhf.exceptions.FailedMinimization(result)
        parameters = found.parameters
        if return_uncertainties:
            result.unc = np.sqrt(np.diag(found.covariance))
            parameters = np.stack([parameters, result.unc], axis=1)
        if return_correlations:
            result.corr = found.correlation
        wanted = (
            (True, parameters),
            (return_correlations, result.corr),
            (return_fitted_val, result.fun),
            (return_result_obj, result),
        )
        returns = tuple(value for asked, value in wanted if asked)
        return returns if len(returns) > 1 else returns[0]

    def _checked(self, options: dict[str, Any]) -> Any:
        """The method of scipy that is asked for, None for ours; unknown options raise as in
        pyhf."""
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise pyhf.exceptions.Unsupported(f"Unsupported options were passed in: {unknown}.")
        method = options.get("method")
        if method == self.name:
            del options["method"]
            method = None
        solver = options.get("solver_options", self.solver_options)
        if solver and method is None:
            warnings.warn(
                f"Unknown solver options: {', '.join(solver)} (Newton's method has none)",
                OptimizeWarning,
                stacklevel=4,
            )
        return method

    def _model(self, pdf: Any) -> Model | str:
        """The compiled model of a pyhf model, or why there is none."""
        if pdf not in self._compiled:
            self._compiled[pdf] = _compile(pdf)
        return self._compiled[pdf]

    def _fit(
        self,
        model: Model,
        data: FloatArray,
        init: Sequence[float],
        bounds: Bounds,
        fixed: Sequence[tuple[int, float]],
    ) -> FitResult:
        """The deepest minimum from pyhf's initial values and from the starts of `fit`."""
        limits = np.array([[float(low), float(high)] for low, high in bounds])
        bounded = model.bounded(limits[:, 0].copy(), limits[:, 1].copy())
        held = np.zeros(limits.shape[0], dtype=np.bool_)
        given = np.array([float(x) for x in init])
        for index, value in fixed:
            held[index], given[index] = True, value
        best, multimodal = global_minimum(bounded, data, held, given)
        found = minimise(bounded, data, given, held)
        if found.converged and (found.value < best.value or not best.converged):
            best, multimodal = (
                found,
                multimodal or (best.converged and best.value > found.value + 1e-6),
            )
        return FitResult(bounded, data, best, held, multimodal)


def _compile(pdf: Any) -> Model | str:
    if not isinstance(pdf, pyhf.Model):
        return f"the model is a {type(pdf).__name__}, not a pyhf.Model"
    if pdf.batch_size:
        return "the model is batched"
    main, config = pdf.main_model, pdf.config
    if main.clip_sample_data is not None or main.clip_bin_data is not None:
        return "the model clips its expected data"
    # What a model does not say is the default of pyhf's modifiers, not that of its models.
    codes = {
        kind: (config.modifier_settings.get(kind) or {}).get("interpcode", default)
        for kind, default in _MODIFIERS_DEFAULT.items()
    }
    if config.poi_name is None:
        return "the model has no parameter of interest"
    try:
        model = compile_specification(pdf.spec, config.poi_name, codes)
    except (InputError, KeyError, TypeError) as error:
        return f"the engine refuses the model ({error})"
    if list(model.parameters) != list(config.par_names):
        return "the model's parameters are not in the order of its specification"
    return model

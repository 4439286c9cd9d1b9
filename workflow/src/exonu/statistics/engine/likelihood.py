r"""The HistFactory likelihood: events expected in each bin, -ln L, its gradient and its Hessian, on
one page.

Events expected in bin b, summed over the components c (a sample in a channel; all have the bins of
their channel):

    ν_b(θ, γ) = Σ_c F_c(θ) · G_cb(θ) · L_cb · γ_b         [γ_b only for the components it applies
    to] F_c  = Π_k f_k         normfactor, lumi: f = θ;   tied parameter: f = θ²;   normsys: f =
    code4(θ) G_cb = nominal_cb + Σ_h Δ_h,b(θ)                      histosys: Δ = code4p(θ) L_cb = Π
    θ                                            bin-wise factors that are not profiled (rare)

    code4(α)  = up^α (α ≥ 1),  down^-α (α ≤ -1),  1 + a₁α + .. + a₆α⁶ between (value and two
    derivatives continuous) code4p(α) = α·(up - nom) (α > 1),  α·(nom - down) (α < -1),  αS + α²(15
    - 10α² + 3α⁴)A between,
                S, A = half the sum, a sixteenth of the difference of (up - nom) and (nom - down)

    Other codes of HistFactory, whose pieces do not join smoothly (`minimiser` knows where):
    code1(α)  = up^α (α ≥ 0),  down^-α (α < 0)
    code0(α)  = α·(up - nom) (α ≥ 0),  α·(nom - down) (α < 0)
    code2(α)  = aα² + bα (|α| ≤ 1),  (b + 2a)(α - 1) (α > 1),  (b - 2a) α (α < -1),  with a, b half
                the difference and half the sum of (up - nom) and (nom - down). Beyond ±1 this is
                pyhf's, which jumps there; ROOT goes on from the value at ±1

Minus log-likelihood, less a constant of the data (it is 0 where everything is met exactly):

    ℓ = Σ_b [ν_b - N_b + N_b ln(N_b/ν_b)]  +  Σ_normal ½((θ - a)/σ)²  +  Σ_Poisson [θτ - a + a
    ln(a/θτ)]

Derivatives, with w = 1 - N/ν and κ = N/ν²:

    ∂ℓ/∂i   = Σ_b w ∂ν/∂i + constraint
    ∂²ℓ/∂i∂j = Σ_b [κ ∂ν/∂i ∂ν/∂j + w ∂²ν/∂i∂j] + constraint

The γ are at their optimum for the present θ (`primitives.profile_gammas`: one quadratic per bin),
so the gradient is the profile's own (envelope theorem) and the Hessian gets the Schur complement of
each bin's γ, with ν = A + γB:   H_ij -= Σ_b h_i h_j / H_γγ,   h_i = w ∂B/∂i + κ B ∂ν/∂i,   H_γγ =
κB² + constraint. Held parameters and γ at a bound contribute nothing to it. Sources: HistFactory,
CERN-OPEN-2012-016; pyhf 0.7.6."""

from __future__ import annotations

import numpy as np

from exonu.statistics.engine.backend import jit, jit_for_both
from exonu.statistics.engine.flat import (
    CODE0,
    CODE1,
    CODE2,
    LINEAR,
    NORMAL,
    POISSON,
    SQUARE,
    BoolArray,
    Flat,
    FloatArray,
    IntArray,
)
from exonu.statistics.engine.primitives import (
    add_gamma_times,
    add_gram,
    add_pair_product,
    add_rows,
    add_shifts,
    add_triple,
    dot,
    mixed_rows,
    multiply_local,
    poisson_constraint,
    poisson_terms,
    profile_gammas,
    schur_weights,
    split_yield,
    times_gamma,
)


@jit
def factor(kind: int, x: float, code4: FloatArray, k: int) -> tuple[float, float, float]:
    """A factor f(x) with its first and second derivative; code4 is that of `Flat`, k its row."""
    if kind == LINEAR:
        return x, 1.0, 0.0
    if kind == SQUARE:
        return x * x, 2.0 * x, 2.0
    if x >= 1.0 or (kind == CODE1 and x >= 0.0):
        f, rate = float(np.exp(x * code4[k, 6])), code4[k, 6]
        return f, rate * f, rate * rate * f
    if x <= -1.0 or kind == CODE1:
        f, rate = float(np.exp(-x * code4[k, 7])), code4[k, 7]
        return f, -rate * f, rate * rate * f
    c0, c1, c2 = code4[k, 0], code4[k, 1], code4[k, 2]
    c3, c4, c5 = code4[k, 3], code4[k, 4], code4[k, 5]
    f = 1.0 + x * (c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5)))))
    d1 = c0 + x * (2 * c1 + x * (3 * c2 + x * (4 * c3 + x * (5 * c4 + x * 6 * c5))))
    d2 = 2 * c1 + x * (6 * c2 + x * (12 * c3 + x * (20 * c4 + x * 30 * c5)))
    return f, d1, d2


@jit
def shift(code: int, x: float) -> tuple[float, float, float, float, float, float]:
    """Weights of (up - nominal) and (nominal - down) in a histosys, and their first and second
    derivatives."""
    if code == CODE2:
        if x > 1.0:
            return 1.5 * (x - 1.0), -0.5 * (x - 1.0), 1.5, -0.5, 0.0, 0.0
        if x < -1.0:
            return -0.5 * x, 1.5 * x, -0.5, 1.5, 0.0, 0.0
        return 0.5 * x * (x + 1.0), 0.5 * x * (1.0 - x), x + 0.5, 0.5 - x, 1.0, -1.0
    if x > 1.0 or (code == CODE0 and x >= 0.0):
        return x, 0.0, 1.0, 0.0, 0.0, 0.0
    if x < -1.0 or code == CODE0:
        return 0.0, x, 0.0, 1.0, 0.0, 0.0
    t = x * x * (15.0 + x * x * (-10.0 + 3.0 * x * x)) / 16.0
    t1 = x * (30.0 + x * x * (-40.0 + 18.0 * x * x)) / 16.0
    t2 = (30.0 + x * x * (-120.0 + 90.0 * x * x)) / 16.0
    return 0.5 * x + t, 0.5 * x - t, 0.5 + t1, 0.5 - t1, t2, -t2


@jit
def components(
    m: Flat,
    theta: FloatArray,
    factors: FloatArray,
    scale: FloatArray,
    shape: FloatArray,
    local: FloatArray,
) -> None:
    """Fill factors (3, K), scale F (C,), and of each component's own bins shape G (C, B) and local
    L (C, B) for the parameters theta."""
    kinds, parameters, code4 = m.factor_kind, m.factor_parameter, m.factor_code4
    codes, shifted, ups, downs = m.shift_code, m.shift_parameter, m.shift_up, m.shift_down
    weights = np.empty((2, codes.size))
    for c in range(m.first.size):
        first, size = np.uint64(m.first[c]), m.last[c] - m.first[c]
        scale[c] = 1.0
        for k in range(m.factor_start[c], m.factor_start[c + 1]):
            f, d1, d2 = factor(kinds[k], theta[parameters[k]], code4, k)
            factors[0, k], factors[1, k], factors[2, k] = f, d1, d2
            scale[c] *= f
        shape[c] = m.nominal[c]
        local[c] = 1.0
        h0, h1 = m.shift_start[c], m.shift_start[c + 1]
        for h in range(h0, h1):
            weights[0, h], weights[1, h], _, _, _, _ = shift(codes[h], theta[shifted[h]])
        add_shifts(shape, c, weights, ups, downs, h0, h1, first, size)
        for k in range(m.local_start[c], m.local_start[c + 1]):
            multiply_local(local[c], m.local_parameter[k], theta)


@jit_for_both
def evaluate(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
    fisher: bool,
) -> float:
    """ℓ at theta, whose γ are set to their optimum; gradient (D,) and Hessian (D, D; lower
    triangle) are overwritten.

    With fisher the Hessian is Fisher's information instead (positive, used where the exact one is
    not). Infinite, with the derivatives undefined, where data are impossible."""
    bins, size = m.gamma.size, m.dense.size
    factors = np.empty((3, m.factor_kind.size))
    scale = np.empty(m.first.size)
    shape, local = np.empty((m.first.size, bins)), np.empty((m.first.size, bins))
    components(m, theta, factors, scale, shape, local)
    without, scaled = np.zeros(bins), np.zeros(bins)
    for c in range(m.first.size):
        first, n_own = np.uint64(m.first[c]), m.last[c] - m.first[c]
        split_yield(without, scaled, scale[c], shape, local, m.has_gamma, c, first, n_own)
    gammas = np.empty((3, bins))
    value = profile_gammas(m, data, theta, held, without, scaled, gammas)
    add_gamma_times(without, gammas, scaled)  # ν = A + γB
    slope, curvature = np.empty(bins), np.empty(bins)
    value += poisson_terms(data[:bins], without, slope, curvature, fisher)
    if not value < np.inf:
        return np.inf

    gradient[:] = 0.0
    hessian[:] = 0.0
    jacobian = np.zeros((size, bins))  # ∂ν/∂θ
    scaled_jacobian = np.zeros((size, bins)) if m.mixed else jacobian  # ∂B/∂θ
    second = np.zeros(bins) if fisher else slope
    add_derivatives(
        m, theta, factors, scale, shape, local, gammas, second, jacobian, scaled_jacobian, hessian
    )
    for i in range(size):
        p = m.dense[i]
        gradient[i] += dot(slope, jacobian[i])
        kind = m.constraint[p]
        if kind == NORMAL:
            pull = (theta[p] - data[m.measured[p]]) / m.width[p]
            value += 0.5 * pull * pull
            gradient[i] += pull / m.width[p]
            hessian[i, i] += 1.0 / m.width[p] ** 2
        elif kind == POISSON:
            aux = data[m.measured[p]]
            value += poisson_constraint(aux, theta[p] * m.width[p])
            gradient[i] += m.width[p] - aux / theta[p]
            hessian[i, i] += aux / theta[p] ** 2

    # The Schur complement of each bin's γ.
    weights = np.empty((2, bins))
    schur_weights(gammas, scaled, second, curvature, m.mixed, weights)
    add_gram(hessian, weights[0], jacobian)
    if m.mixed:
        h = np.empty((size, bins))
        mixed_rows(h, jacobian, scaled_jacobian, second, curvature, scaled)
        add_gram(hessian, weights[1], h)
    return value


@jit
def add_derivatives(
    m: Flat,
    theta: FloatArray,
    factors: FloatArray,
    scale: FloatArray,
    shape: FloatArray,
    local: FloatArray,
    gammas: FloatArray,
    weight: FloatArray,
    jacobian: FloatArray,
    scaled_jacobian: FloatArray,
    hessian: FloatArray,
) -> None:
    """Add all components to ∂ν/∂θ, ∂B/∂θ and (weighted by w) to the second derivatives Σ_b w
    ∂²ν/∂θ∂θ."""
    column, parameters, shifted = m.column, m.factor_parameter, m.shift_parameter
    codes, ups, downs = m.shift_code, m.shift_up, m.shift_down
    outer, first = np.empty((3, weight.size)), np.empty(factors.shape[1])
    for c in range(m.first.size):
        start, size = np.uint64(m.first[c]), m.last[c] - m.first[c]
        total = times_gamma(outer, shape, local, m.has_gamma, gammas, weight, c, start, size)
        k0, k1 = m.factor_start[c], m.factor_start[c + 1]
        factor_derivatives(factors, k0, k1, parameters, column, total, first, hessian)
        add_rows(jacobian, column, parameters, first, outer, k0, k1, start, size)
        if m.mixed:
            for k in range(k0, k1):
                i = column[parameters[k]]
                add_triple(
                    scaled_jacobian, i, first[k], shape, c, local, m.has_gamma, c, start, size
                )
        for h in range(m.shift_start[c], m.shift_start[c + 1]):
            i = column[shifted[h]]
            _, _, up1, down1, up2, down2 = shift(codes[h], theta[shifted[h]])
            up, down = scale[c] * up1, scale[c] * down1
            sum_up, sum_down = add_pair_product(
                jacobian, i, up, ups, down, downs, h, outer, start, size
            )
            if m.mixed:
                add_triple(scaled_jacobian, i, up, ups, h, local, m.has_gamma, c, start, size)
                add_triple(scaled_jacobian, i, down, downs, h, local, m.has_gamma, c, start, size)
            hessian[i, i] += scale[c] * (up2 * sum_up + down2 * sum_down)
            cross = up1 * sum_up + down1 * sum_down
            for k in range(k0, k1):
                j = column[parameters[k]]
                hessian[max(i, j), min(i, j)] += first[k] * cross * (2.0 if i == j else 1.0)
        if m.local_start[c + 1] > m.local_start[c]:
            size_c, shape_c, gamma = scale[c], shape[c], gammas[0]
            local_derivatives(
                m,
                c,
                theta,
                first,
                size_c,
                shape_c,
                gamma,
                weight,
                jacobian,
                scaled_jacobian,
                hessian,
            )


@jit
def factor_derivatives(
    factors: FloatArray,
    k0: int,
    k1: int,
    parameters: IntArray,
    column: IntArray,
    total: float,
    first: FloatArray,
    hessian: FloatArray,
) -> None:
    """∂F/∂θ of one component into first[k0:k1], and ∂²F/∂θ∂θ times its total into the Hessian.

    With P = Π of the factors that are not zero, ∂F/∂j = f'_j P/f_j, unless others vanish."""
    zeros, product = 0, 1.0
    for k in range(k0, k1):
        if factors[0, k] == 0.0:
            zeros += 1
        else:
            product *= factors[0, k]
    for k in range(k0, k1):
        f, is_zero = factors[0, k], factors[0, k] == 0.0
        without = product / (1.0 if is_zero else f)
        rest = without if zeros == int(is_zero) else 0.0
        first[k] = factors[1, k] * rest
        i = column[parameters[k]]
        hessian[i, i] += factors[2, k] * rest * total
        for l in range(k0, k):  # noqa: E741
            both = int(is_zero) + int(factors[0, l] == 0.0)
            if zeros != both or total == 0.0:
                continue
            rest = without / (1.0 if factors[0, l] == 0.0 else factors[0, l])
            j = column[parameters[l]]
            hessian[max(i, j), min(i, j)] += factors[1, k] * factors[1, l] * rest * total


@jit
def local_derivatives(
    m: Flat,
    c: int,
    theta: FloatArray,
    first: FloatArray,
    scale: float,
    shape: FloatArray,
    gamma: FloatArray,
    weight: FloatArray,
    jacobian: FloatArray,
    scaled_jacobian: FloatArray,
    hessian: FloatArray,
) -> None:
    """The same for bin-wise factors that Newton's method sees: a second one in a bin, or one shared
    between bins."""
    l0, l1 = m.local_start[c], m.local_start[c + 1]
    for b in range(m.first[c], m.last[c]):
        has_gamma = m.has_gamma[c, b]
        outer = 1.0 + has_gamma * (gamma[b] - 1.0)
        for k in range(l0, l1):
            p = m.local_parameter[k, b]
            if p < 0:
                continue
            i = m.column[p]
            others = 1.0
            for l in range(l0, l1):  # noqa: E741
                if l != k and m.local_parameter[l, b] >= 0:
                    others *= theta[m.local_parameter[l, b]]
            jacobian[i, b] += scale * shape[b] * others * outer
            if m.mixed:
                scaled_jacobian[i, b] += scale * shape[b] * others * has_gamma
            w = weight[b] * outer
            for l in range(l0, k):  # noqa: E741
                q = m.local_parameter[l, b]
                if q >= 0:
                    rest = 1.0
                    for n in range(l0, l1):
                        if n not in (k, l) and m.local_parameter[n, b] >= 0:
                            rest *= theta[m.local_parameter[n, b]]
                    j = m.column[q]
                    hessian[max(i, j), min(i, j)] += w * scale * shape[b] * rest
            for f in range(m.factor_start[c], m.factor_start[c + 1]):
                j = m.column[m.factor_parameter[f]]
                hessian[max(i, j), min(i, j)] += w * first[f] * shape[b] * others
            for h in range(m.shift_start[c], m.shift_start[c + 1]):
                j = m.column[m.shift_parameter[h]]
                _, _, up1, down1, _, _ = shift(m.shift_code[h], theta[m.shift_parameter[h]])
                change = up1 * m.shift_up[h, b] + down1 * m.shift_down[h, b]
                hessian[max(i, j), min(i, j)] += w * scale * change * others


@jit_for_both
def expected_events(m: Flat, theta: FloatArray) -> FloatArray:
    """ν of each component and bin, (C, B), for all parameters as given."""
    factors = np.empty((3, m.factor_kind.size))
    scale = np.empty(m.first.size)
    shape, local = np.empty((m.first.size, m.gamma.size)), np.empty((m.first.size, m.gamma.size))
    components(m, theta, factors, scale, shape, local)
    out = np.zeros((m.first.size, m.gamma.size))
    for c in range(m.first.size):
        for b in range(m.first[c], m.last[c]):
            out[c, b] = scale[c] * shape[c, b] * local[c, b]
            if m.has_gamma[c, b] > 0.0:
                out[c, b] *= theta[m.gamma[b]]
    return out

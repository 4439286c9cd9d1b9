"""The search for the most likely vertex of one event after another: the compiled part of
`charge`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import kernel
from exonu.events.reconstruction.photoelectrons import (
    FIRST_LOG_CHARGE,
    FIRST_LOG_MEAN,
    LOG_CHARGE_STEP,
    LOG_CHARGES,
    LOG_MEAN_STEP,
    LOG_MEANS,
)

COEFFICIENTS = 10
"""Of a quadratic in three dimensions."""
NEAREST = 12
"""Neighbours that a climb looks at: those around a sphere in the densest packing."""
COUNTINGS = 2
"""Times that photoelectrons are counted anew: each leaves a tenth of the error."""
UNKNOWN = np.float32(1)
"""In a table of log Σ p: not computed yet; probabilities have negative logarithms."""
_LARGEST_STEP = 1.5
"""How far from its vertex, in units of the neighbours' mean distance, the peak of the quadratic is
believed."""


@kernel
def spread_charges(offsets: Any, channel: Any, charge: Any, alive: Any, dense: Any) -> None:
    """Charges of the hits as rows of all channels, dead ones 0; fills `dense` (n_events,
    n_channels)."""
    dense[:, :] = 0.0
    for e in range(len(offsets) - 1):
        for hit in range(offsets[e], offsets[e + 1]):
            if alive[channel[hit]]:
                dense[e, channel[hit]] += charge[hit]


@kernel
def brightest(offsets: Any, channel: Any, charge: Any, alive: Any, result: Any) -> None:
    """Fills `result` with the living channel of the largest charge of each event, the last of
    equals; an event without one keeps what is there."""
    for e in range(len(result)):
        largest = np.float32(-np.inf)
        for hit in range(offsets[e], offsets[e + 1]):
            if alive[channel[hit]] and charge[hit] >= largest:
                largest = charge[hit]
                result[e] = channel[hit]


@kernel
def log_total_at(vertex: int, table: Any, total: Any, dead: Any, log_total: Any) -> Any:
    """log Σ p over the living photomultipliers at a vertex; computed once, UNKNOWN in `log_total`
    before.

    The dead ones leave Σ here, where the vertex's row of the table is at hand: a set of them costs
    nothing to set up."""
    if log_total[vertex] == UNKNOWN:
        living = total[vertex]
        for channel in dead:
            living -= math.exp(table[vertex, channel])
        log_total[vertex] = math.log(max(living, 1e-30))
    return log_total[vertex]


@kernel
def score(charges: Any, log_probability: Any, light: float, log_total: float) -> Any:
    """Poisson log-likelihood profiled over the light, Σ n_i log p_i − Σ n_i log Σ p, up to a
    constant of the event."""
    sum_ = np.float32(0)
    for c in range(len(charges)):
        sum_ += charges[c] * log_probability[c]
    return sum_ - light * log_total


@kernel
def look(vertex: int, event: Any, maps: Any, memory: Any) -> Any:
    """The log-likelihood at a vertex, computed once per event.

    Args:
        vertex: where.
        event: its number, charges, their sum, and one more dead photomultiplier, negative if there
            is none.
        maps: log p, Σ p of all photomultipliers, the dead ones, and log Σ p of the living ones, of
            all vertices.
        memory: number of the event that looked last, and its log-likelihood and log Σ p, of all
            vertices.
    """
    number, charges, light, one_more = event
    table, total, dead, log_total = maps
    seen, value, log_sum = memory
    if seen[vertex] != number:
        log_sum[vertex] = log_total_at(vertex, table, total, dead, log_total)
        if one_more >= 0:
            living = math.exp(log_sum[vertex]) - math.exp(table[vertex, one_more])
            log_sum[vertex] = math.log(max(living, 1e-30))
        seen[vertex], value[vertex] = number, score(charges, table[vertex], light, log_sum[vertex])
    return value[vertex]


@kernel
def climb(start: int, event: Any, maps: Any, neighbours: Any, count: int, memory: Any) -> Any:
    """Go from a vertex to the best of its `count` nearest neighbours, until none is better; returns
    where that is."""
    here = start
    top = look(here, event, maps, memory)
    while True:
        best = here
        for other in neighbours[here, :count]:
            there = look(np.int64(other), event, maps, memory)
            if there > top:
                best, top = other, there
        if best == here:
            return here
        here = best


@kernel
def solved(matrix: Any, right: Any) -> Any:
    """Solution of a symmetric positive definite system in place, by Cholesky; False if it is not
    positive definite."""
    n = len(matrix)
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= matrix[i, k] * matrix[j, k]
            if i == j:
                if rest <= 1e-10:
                    return False
                matrix[i, i] = math.sqrt(rest)
            else:
                matrix[i, j] = rest / matrix[j, j]
    for column in range(right.shape[1]):
        for i in range(n):
            for k in range(i):
                right[i, column] -= matrix[i, k] * right[k, column]
            right[i, column] /= matrix[i, i]
        for i in range(n - 1, -1, -1):
            for k in range(i + 1, n):
                right[i, column] -= matrix[k, i] * right[k, column]
            right[i, column] /= matrix[i, i]
    return True


@kernel
def quadratic_peak(
    vertex: int, value: Any, log_sum: Any, neighbours: Any, positions: Any, result: Any
) -> None:
    """Peak of the quadratic through the log-likelihoods of a vertex and its neighbours.

    Fills `result` with x, y, z, the log-likelihood and log Σp there. Where there is no peak near,
    as at the wall, these are the vertex's own.

    Args:
        vertex: one that no neighbour is better than.
        value, log_sum: log-likelihood and log Σ p, of these vertices at least.
        neighbours, positions: of all vertices.
        result: shape (5,).
    """
    near, top = neighbours[vertex], value[vertex]
    result[0], result[1], result[2] = (
        positions[vertex, 0],
        positions[vertex, 1],
        positions[vertex, 2],
    )
    result[3], result[4] = top, log_sum[vertex]
    scale = 0.0
    for other in near:
        step2 = 0.0
        for i in range(3):
            step2 += (positions[other, i] - positions[vertex, i]) ** 2
        scale += math.sqrt(step2) / len(near)
    row, normal, right = (
        np.empty(COEFFICIENTS),
        np.zeros((COEFFICIENTS, COEFFICIENTS)),
        np.zeros((COEFFICIENTS, 2)),
    )
    step = np.empty((3, 1))
    for k in range(len(near) + 1):
        other = vertex if k == 0 else near[k - 1]
        for i in range(3):
            step[i, 0] = (positions[other, i] - positions[vertex, i]) / scale
        quadratic_row(step, row)
        for i in range(COEFFICIENTS):
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
            right[i, 0] += row[i] * (value[other] - top)
            right[i, 1] += row[i] * (log_sum[other] - log_sum[vertex])
    if not solved(normal, right):
        return
    curvature = np.zeros((3, 3))
    for i in range(3):
        curvature[i, i], step[i, 0] = -2 * right[4 + i, 0], right[1 + i, 0]
    curvature[1, 0], curvature[2, 1], curvature[2, 0] = -right[7, 0], -right[8, 0], -right[9, 0]
    if not solved(curvature, step):
        return
    if step[0, 0] ** 2 + step[1, 0] ** 2 + step[2, 0] ** 2 > _LARGEST_STEP**2:
        return
    quadratic_row(step, row)
    for i in range(3):
        result[i] += scale * step[i, 0]
    gain = 0.0
    for i in range(COEFFICIENTS):
        gain += row[i] * right[i, 0]
        result[4] += row[i] * right[i, 1]
    result[3] = top + max(gain, 0.0)


@kernel
def quadratic_row(at: Any, row: Any) -> None:
    """The ten monomials of a point (a column), in the order 1, x, y, z, x², y², z², xy, yz, zx."""
    x, y, z = at[0, 0], at[1, 0], at[2, 0]
    row[0], row[1], row[2], row[3] = 1.0, x, y, z
    row[4], row[5], row[6] = x * x, y * y, z * z
    row[7], row[8], row[9] = x * y, y * z, z * x


@kernel
def count(
    channels: Any, charges: Any, log_means: Any, shift: float, counting: Any, numbers: Any
) -> Any:
    """Expected numbers of photoelectrons of charges, see `photoelectrons`; fills `numbers` of these
    channels.

    Args:
        channels, charges: of the hits, shape (n_hits,).
        log_means: logarithms of the numbers expected without knowing the charges, less shift, shape
            (n_channels,).
        shift: see there.
        counting: `photoelectrons.counting_table` and the squared resolution of single
            photoelectrons.
        numbers: shape (n_channels,).

    Returns:
        The log-likelihood Σ h, and Σ of the numbers.
    """
    sum_, total = 0.0, 0.0
    table, spread2 = counting
    for i in range(len(charges)):
        x = shift + log_means[channels[i]]
        u = (math.log(charges[i]) - FIRST_LOG_CHARGE) / LOG_CHARGE_STEP
        if spread2 == 0 or u >= LOG_CHARGES - 1:  # without a spread, or normal, as so many are
            number = (charges[i] + spread2 * math.exp(x)) / (1 + spread2)
            sum_ += (charges[i] * x + spread2 * math.exp(x)) / (1 + spread2)
        else:
            u, v = max(0.0, u), max(0.0, (x - FIRST_LOG_MEAN) / LOG_MEAN_STEP)
            j, k = int(u), min(int(v), LOG_MEANS - 2)
            a, b = u - j, v - k
            low, high, next_low, next_high = (1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b
            number = low * table[j, k, 0] + high * table[j, k + 1, 0]
            number += next_low * table[j + 1, k, 0] + next_high * table[j + 1, k + 1, 0]
            sum_ += low * table[j, k, 1] + high * table[j, k + 1, 1]
            sum_ += next_low * table[j + 1, k, 1] + next_high * table[j + 1, k + 1, 1]
        numbers[channels[i]] = number
        total += number
    return sum_, total


@kernel
def ascend(
    here: int,
    climbs: int,
    reach: int,
    turn: int,
    event: Any,
    maps: Any,
    neighbours: Any,
    memory: Any,
) -> Any:
    """Climb with the numbers of photoelectrons that the charges and the vertex let expect, anew
    before each climb.

    Args:
        here: the vertex to start from.
        climbs: how many.
        reach: number of neighbours that they look at.
        turn: number of the last turn of looking: what was seen in one is nothing to the next.
        event: channels and charges of its hits, log of its light, room for numbers, one more dead
            channel; see `count`.
        maps, neighbours, memory: see `climb`.

    Returns:
        The vertex, the log-likelihood of the charges there, and the number of the last turn, of the
        last climb.
    """
    channels, charges, log_light, numbers, one_more, counting = event
    table, log_sum = maps[0], memory[2]
    turn += 1
    look(here, (turn, numbers, 0.0, one_more), maps, memory)  # for log_sum
    worth, total = count(
        channels, charges, table[here], log_light - log_sum[here], counting, numbers
    )
    for _ in range(climbs):
        turn += 1
        here = climb(here, (turn, numbers, total, one_more), maps, neighbours, reach, memory)
        worth, total = count(
            channels, charges, table[here], log_light - log_sum[here], counting, numbers
        )
    return here, worth, turn


@kernel
def fine_search(
    dense: Any, light: Any, one_more: Any, seeds: Any, maps: Any, neighbours: Any, positions: Any, counting: Any,
    thorough: bool, result: Any,
) -> None:  # fmt: skip
    """Climb from the seeds of each event; the best is where the charges are most likely, and the
    peak near it.

    Args:
        dense, light: charges of all channels and their sums, shapes (n_events, n_channels) and
            (n_events,).
        one_more: a further dead photomultiplier of each event, negative if there is none, shape
            (n_events,).
        seeds: vertices to start from, shape (n_events, n_seeds).
        maps: see `look`.
        neighbours, positions: of all vertices.
        counting: see `count`.
        thorough: otherwise one climb is all that is done.
        result: filled with x, y, z, log-likelihood and log Σp, shape (n_events, 5).
    """
    memory = (np.full(len(positions), -1), np.empty(len(positions)), np.empty(len(positions)))
    _, value, log_sum = memory
    turn, climbs = 0, COUNTINGS if counting[1] > 0 and thorough else 1
    for e in range(len(dense)):
        if light[e] <= 0:
            result[e, :] = np.nan
            continue
        channels, numbers = np.flatnonzero(dense[e]), np.zeros(dense.shape[1], dtype=np.float32)
        log_light = math.log(light[e])
        event = (channels, dense[e][channels], log_light, numbers, one_more[e], counting)
        best, top = -1, -np.inf
        for s in range(seeds.shape[1]):
            if s > 0 and seeds[e, s] == seeds[e, s - 1]:
                continue
            here, worth, turn = ascend(
                seeds[e, s], climbs, NEAREST, turn, event, maps, neighbours, memory
            )
            if worth > top:
                best, top = here, worth
        if not thorough:
            result[e, 0], result[e, 1], result[e, 2] = (
                positions[best, 0],
                positions[best, 1],
                positions[best, 2],
            )
            result[e, 3], result[e, 4] = top - light[e] * log_light, log_sum[best]
            continue
        best, top, turn = ascend(
            best, 1, neighbours.shape[1], turn, event, maps, neighbours, memory
        )
        quadratic_peak(best, value, log_sum, neighbours, positions, result[e])
        result[e, 3] += (
            top - value[best] - light[e] * log_light
        )  # less a constant: Σ n log q without a spread

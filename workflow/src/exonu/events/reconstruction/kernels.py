"""The search for the most likely vertex of one event after another: the compiled part of `charge`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import kernel

COEFFICIENTS = 10
"""Of a quadratic in three dimensions."""
NEAREST = 12
"""Neighbours that a climb looks at: those around a sphere in the densest packing."""
UNKNOWN = np.float32(1)
"""In a table of log Σ p: not computed yet; probabilities have negative logarithms."""
_LARGEST_STEP = 1.5
"""How far from its vertex, in units of the neighbours' mean distance, the peak of the quadratic is believed."""


@kernel
def spread_charges(offsets: Any, channel: Any, charge: Any, alive: Any, dense: Any) -> None:
    """Charges of the hits as rows of all channels, dead ones 0; fills `dense` (n_events, n_channels)."""
    dense[:, :] = 0.0
    for e in range(len(offsets) - 1):
        for hit in range(offsets[e], offsets[e + 1]):
            if alive[channel[hit]]:
                dense[e, channel[hit]] += charge[hit]


@kernel
def log_total_at(vertex: int, table: Any, total: Any, dead: Any, log_total: Any) -> Any:
    """log Σ p over the living photomultipliers at a vertex; computed once, UNKNOWN in `log_total` before.

    The dead ones leave Σ here, where the vertex's row of the table is at hand: a set of them costs nothing to set up.
    """
    if log_total[vertex] == UNKNOWN:
        living = total[vertex]
        for channel in dead:
            living -= math.exp(table[vertex, channel])
        log_total[vertex] = math.log(max(living, 1e-30))
    return log_total[vertex]


@kernel
def score(charges: Any, log_probability: Any, light: float, log_total: float) -> Any:
    """Poisson log-likelihood profiled over the light, Σ n_i log p_i − Σ n_i log Σ p, up to a constant of the event."""
    sum_ = np.float32(0)
    for c in range(len(charges)):
        sum_ += charges[c] * log_probability[c]
    return sum_ - light * log_total


@kernel
def look(vertex: int, event: Any, maps: Any, memory: Any) -> Any:
    """The log-likelihood at a vertex, computed once per event.

    Args:
        vertex: where.
        event: its number, charges, their sum, and one more dead photomultiplier, negative if there is none.
        maps: log p, Σ p of all photomultipliers, the dead ones, and log Σ p of the living ones, of all vertices.
        memory: number of the event that looked last, and its log-likelihood and log Σ p, of all vertices.
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
    """Go from a vertex to the best of its `count` nearest neighbours, until none is better; returns where that is."""
    here = start
    top = look(here, event, maps, memory)
    while True:
        best = here
        for other in neighbours[here, :count]:
            there = look(other, event, maps, memory)
            if there > top:
                best, top = other, there
        if best == here:
            return here
        here = best


@kernel
def solved(matrix: Any, right: Any) -> Any:
    """Solution of a symmetric positive definite system in place, by Cholesky; False if it is not positive definite."""
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
def quadratic_peak(vertex: int, value: Any, log_sum: Any, neighbours: Any, positions: Any, result: Any) -> None:
    """Peak of the quadratic through the log-likelihoods of a vertex and its neighbours.

    Fills `result` with x, y, z, the log-likelihood and log Σp there. Where there is no peak near, as at the wall, these
    are the vertex's own.

    Args:
        vertex: one that no neighbour is better than.
        value, log_sum: log-likelihood and log Σ p, of these vertices at least.
        neighbours, positions: of all vertices.
        result: shape (5,).
    """
    near, top = neighbours[vertex], value[vertex]
    result[0], result[1], result[2] = positions[vertex, 0], positions[vertex, 1], positions[vertex, 2]
    result[3], result[4] = top, log_sum[vertex]
    scale = 0.0
    for other in near:
        scale += math.sqrt(np.sum((positions[other] - positions[vertex]) ** 2)) / len(near)
    row, normal, right = np.empty(COEFFICIENTS), np.zeros((COEFFICIENTS, COEFFICIENTS)), np.zeros((COEFFICIENTS, 2))
    for k in range(len(near) + 1):
        other = vertex if k == 0 else near[k - 1]
        quadratic_row((positions[other] - positions[vertex]) / scale, row)
        for i in range(COEFFICIENTS):
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
            right[i, 0] += row[i] * (value[other] - top)
            right[i, 1] += row[i] * (log_sum[other] - log_sum[vertex])
    if not solved(normal, right):
        return
    c = right[:, 0]
    curvature, step = np.zeros((3, 3)), np.empty((3, 1))
    for i in range(3):
        curvature[i, i], step[i, 0] = -2 * c[4 + i], c[1 + i]
    curvature[1, 0], curvature[2, 1], curvature[2, 0] = -c[7], -c[8], -c[9]
    if not solved(curvature, step):
        return
    if step[0, 0] ** 2 + step[1, 0] ** 2 + step[2, 0] ** 2 > _LARGEST_STEP**2:
        return
    quadratic_row(step[:, 0], row)
    for i in range(3):
        result[i] += scale * step[i, 0]
    result[3] = max(top, top + np.sum(row * c))
    result[4] += np.sum(row * right[:, 1])


@kernel
def quadratic_row(at: Any, row: Any) -> None:
    """The ten monomials of a point, in the order 1, x, y, z, x², y², z², xy, yz, zx."""
    x, y, z = at[0], at[1], at[2]
    row[0], row[1], row[2], row[3] = 1.0, x, y, z
    row[4], row[5], row[6] = x * x, y * y, z * z
    row[7], row[8], row[9] = x * y, y * z, z * x


@kernel
def fine_search(
    dense: Any, light: Any, one_more: Any, seeds: Any, maps: Any, neighbours: Any, positions: Any, result: Any
) -> None:
    """Climb from the seeds of each event, and the peak near the best vertex.

    Args:
        dense, light: charges of all channels and their sums, shapes (n_events, n_channels) and (n_events,).
        one_more: a further dead photomultiplier of each event, negative if there is none, shape (n_events,).
        seeds: vertices to start from, shape (n_events, n_seeds).
        maps: see `look`.
        neighbours, positions: of all vertices.
        result: filled with x, y, z, log-likelihood and log Σp, shape (n_events, 5).
    """
    seen, value, log_sum = np.full(len(positions), -1), np.empty(len(positions)), np.empty(len(positions))
    for e in range(len(dense)):
        if light[e] <= 0:
            result[e, :] = np.nan
            continue
        best, event, memory = -1, (e, dense[e], light[e], one_more[e]), (seen, value, log_sum)
        for seed in seeds[e]:
            found = climb(seed, event, maps, neighbours, NEAREST, memory)
            if best < 0 or value[found] > value[best]:
                best = found
        best = climb(best, event, maps, neighbours, neighbours.shape[1], memory)
        quadratic_peak(best, value, log_sum, neighbours, positions, result[e])

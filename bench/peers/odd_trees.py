"""Writes traced cells of odd kinds, .swc and .asc, that differ with the seed.

    python odd_trees.py FOLDER [--seed 1]

Each kind is one way in which files of the field differ from the textbook: how the soma is traced,
where stems begin, types, numbering, widths, points traced twice, outlines. Numbers are multiples of
1/64, so that float32 holds them.
"""

import argparse
import math
import os
import random


def q(value):
    """As a multiple of 1/64."""
    return round(value * 64) / 64


class Swc:
    def __init__(self, rng):
        self.rng, self.rows = rng, []

    def add(self, kind, x, y, z, radius, parent):
        self.rows.append([len(self.rows) + 1, kind, q(x), q(y), q(z), q(radius), parent])
        return len(self.rows)

    def run(self, kind, parent, start, n, radius, step=14.0, direction=None):
        """A winding run of n points from `start` on; returns the ids."""
        rng = self.rng
        x, y, z = start
        angle = rng.uniform(0, 2 * math.pi) if direction is None else direction
        ids = []
        for _ in range(n):
            parent = self.add(kind, x, y, z, max(radius, 0.05), parent)
            ids.append(parent)
            angle += rng.gauss(0, 0.35)
            length = step * rng.uniform(0.5, 1.5)
            x, y, z = (
                x + length * math.cos(angle),
                y + length * math.sin(angle),
                z + rng.gauss(0, 3),
            )
            radius *= rng.uniform(0.82, 1.02)
        return ids

    def end(self, point):
        return tuple(self.rows[point - 1][2:5])

    def bush(self, kind, parent, start, depth, radius):
        """A run that forks `depth` times, depth first."""
        ids = self.run(kind, parent, start, self.rng.randint(2, 5), radius)
        if depth > 0:
            for _ in range(self.rng.choice((2, 2, 2, 3))):
                x, y, z = self.end(ids[-1])
                begin = (x + self.rng.uniform(-12, 12), y + self.rng.uniform(4, 14), z)
                self.bush(kind, ids[-1], begin, depth - 1, radius * self.rng.uniform(0.4, 0.7))
        return ids

    def stems(self, parents, kinds=(3, 4, 2), radius=1.1, depth=2):
        for k, parent in enumerate(parents):
            x, y, z = self.end(parent)
            angle = 2 * math.pi * (k + 0.3) / len(parents)
            begin = (x + 9 * math.cos(angle), y + 9 * math.sin(angle), z)
            self.bush(kinds[k % len(kinds)], parent, begin, depth, radius)

    def text(self, separator=" ", extra="", newline="\n", head="# an odd tree"):
        lines = [head] if head else []
        lines += [
            separator.join(f"{v:g}" if isinstance(v, int) else repr(v) for v in row) + extra
            for row in self.rows
        ]
        return newline.join(lines) + newline


def sphere(tree):
    return [tree.add(1, 0, 0, 0, 7, -1)]


def three_points(tree):
    one = tree.add(1, 0, 0, 0, 6, -1)
    tree.add(1, 0, -6, 0, 6, one)
    tree.add(1, 0, 6, 0, 6, one)
    return [one]


def line(tree, n=4):
    return tree.run(1, -1, (0, 0, 0), n, 6, step=7)


def swc_kinds(rng):
    def new():
        return Swc(rng)

    t = new()
    s = sphere(t)
    t.stems(s * 4)
    yield "sphere", t.text()

    t = new()
    s = three_points(t)
    t.stems(s * 4)
    yield "three_points", t.text()

    t = new()
    s = three_points(t)
    t.rows[1][5] = 5.0
    t.stems(s * 3)
    yield "three_points_of_other_width", t.text()

    t = new()
    s = line(t, 2)
    t.stems([s[1], s[0], s[1]])
    yield "line_of_two", t.text()

    t = new()
    s = line(t, 5)
    t.stems([s[-1], s[0], s[2], s[2]])
    yield "line_of_five", t.text()

    t = new()
    s = line(t, 3)
    branch = t.run(1, s[-1], (30, 5, 0), 2, 3)
    other = t.run(1, s[-1], (30, -9, 0), 2, 3)
    t.stems([branch[-1], other[-1], s[-1], s[1], s[0]])
    yield "soma_that_forks", t.text()

    t = new()
    s = line(t, 3)
    branch = t.run(1, s[0], (-9, 5, 0), 2, 3)
    t.stems([branch[-1], s[-1], s[0]])
    yield "soma_that_forks_at_its_root", t.text()

    t = new()
    s = line(t, 4)
    t.add(3, 20, 30, 0, 1, s[1])
    t.add(3, 40, -30, 0, 1, s[-1])
    t.add(3, -20, -30, 0, 1, s[0])
    t.stems([s[2]])
    yield "stems_of_one_point", t.text()

    t = new()
    s = sphere(t)
    t.add(3, 20, 0, 0, 1, 1)
    t.stems(s)
    yield "one_point_on_a_sphere", t.text()

    t = new()
    s = sphere(t)
    ids = t.run(3, 1, (9, 0, 0), 4, 1)
    t.bush(3, ids[0], (12, 8, 0), 1, 0.8)
    yield "fork_at_the_first_point", t.text()

    t = new()
    s = sphere(t)
    t.run(3, 1, (-9, 0, 0), 3, 1)
    ids = t.run(3, 1, (9, 0, 0), 4, 1)
    t.bush(3, ids[0], (12, 8, 0), 1, 0.8)
    yield "fork_at_the_first_point_of_a_second_stem", t.text()

    t = new()
    s = sphere(t)
    t.run(3, 1, (-9, 0, 0), 3, 1)
    ids = t.run(3, 1, (9, 0, 0), 4, 1)
    t.run(2, ids[0], (12, 8, 0), 4, 0.5)
    yield "axon_on_the_first_point_of_a_stem", t.text()

    t = new()
    s = sphere(t)
    ids = t.run(3, 1, (9, 0, 0), 6, 1)
    t.run(2, ids[2], (40, 20, 0), 5, 0.4)
    t.stems(s)
    yield "axon_on_a_dendrite", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 3, kinds=(0, 0, 0))
    yield "type_0", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 4, kinds=(5, 3, 9, 2))
    yield "types_of_the_users_own", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 2)
    counts = {}
    for row in t.rows:
        counts[row[6]] = counts.get(row[6], 0) + 1
    for row in t.rows[1:]:
        row[1] = 5 if counts.get(row[0], 0) > 1 else 6 if row[0] not in counts else row[1]
    yield "forks_5_and_ends_6", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 3)
    parents = {row[6] for row in t.rows}
    for row in t.rows:
        if row[0] not in parents:
            row[5] = 0.0
    yield "tips_of_width_0", t.text()

    t = new()
    s = sphere(t)
    ids = t.bush(3, 1, (9, 0, 0), 1, 1)
    end = t.end(ids[-1])
    t.add(3, *end, 0.5, ids[-1])
    twice = t.add(3, *end, 0.75, ids[-1])
    t.run(3, twice, (end[0] + 9, end[1], end[2]), 3, 0.5)
    yield "branches_without_length", t.text()

    t = new()
    s = sphere(t)
    ids = t.run(3, 1, (9, 0, 0), 3, 1)
    t.run(3, ids[-1], t.end(ids[-1]), 3, 0.5)
    t.run(3, ids[-1], t.end(ids[-1]), 4, 0.4)
    yield "fork_point_in_both_branches", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 3)
    yield "extra_columns", t.text(extra=" 0.5 7")

    t = new()
    s = sphere(t)
    t.stems(s * 3)
    yield "tabs_and_carriage_returns", t.text(separator="\t", newline="\r\n")

    t = new()
    s = sphere(t)
    t.stems(s * 3)
    for row in t.rows:
        row[0] += 1000
        row[6] += 1000 if row[6] > 0 else 0
    yield "ids_from_1001", t.text(head="")

    t = new()
    s = sphere(t)
    t.stems(s * 3)
    for row in t.rows:
        row[0] *= 7
        row[6] *= 7 if row[6] > 0 else 1
    yield "ids_with_gaps", t.text()

    t = new()
    ids = t.run(2, -1, (0, 0, 0), 4, 1)
    t.bush(2, ids[-1], (50, 9, 0), 1, 0.7)
    yield "axon_alone", t.text()

    t = new()
    ids = t.run(3, -1, (0, 0, 0), 4, 1)
    t.bush(3, ids[0], (-9, 9, 0), 1, 0.7)
    yield "dendrite_that_forks_at_its_root", t.text()

    t = new()
    t.add(3, 0, 0, 0, 4, -1)
    t.run(2, 1, (9, 0, 0), 4, 0.5)
    yield "root_of_one_point_and_another_type", t.text()

    t = new()
    s = sphere(t)
    ids = t.run(3, 1, (9, 0, 0), 3, 1)
    a = t.run(3, ids[-1], (60, 30, 0), 2, 0.8)
    b = t.run(3, ids[-1], (60, -30, 0), 2, 0.8)
    t.run(3, a[-1], (90, 40, 0), 3, 0.6)
    t.run(3, b[-1], (90, -40, 0), 3, 0.6)
    yield "branches_in_turns", t.text()

    t = new()
    s = sphere(t)
    ids = t.run(3, 1, (9, 0, 0), 3, 1)
    t.run(4, ids[-1], (40, 9, 0), 3, 1)
    t.run(2, 1, (-9, 0, 0), 3, 1)
    yield "type_that_changes", t.text()

    t = new()
    s = line(t, 3)
    ids = t.run(3, s[-1], (40, 0, 0), 3, 1)
    t.run(1, ids[-1], (90, 0, 0), 2, 4)
    t.stems([s[0]])
    yield "soma_beyond_a_dendrite", t.text()

    t = new()
    s = sphere(t)
    t.stems(s * 2)
    t.run(1, 1, (0, -4, 0), 2, 3)
    yield "soma_points_last", t.text()

    t = new()
    s = line(t, 3)
    t.stems(s * 2, depth=3)
    yield "larger", t.text()


def ring(rng, n, a, b, turn, centre=(0, 0, 0), tilt=0.0):
    points = []
    for k in range(n):
        angle = 2 * math.pi * k / n + rng.uniform(-0.1, 0.1)
        u, v = a * math.cos(angle) * rng.uniform(0.85, 1.1), b * math.sin(angle) * rng.uniform(
            0.85, 1.1
        )
        x, y = u * math.cos(turn) - v * math.sin(turn), u * math.sin(turn) + v * math.cos(turn)
        points.append((q(centre[0] + x), q(centre[1] + y), q(centre[2] + tilt * u), 0.25))
    return points


def numbers(points):
    return " ".join("(" + " ".join(repr(float(v)) for v in p) + ")" for p in points)


def asc_run(rng, start, n, width):
    x, y, z = start
    angle, points = rng.uniform(0, 2 * math.pi), []
    for _ in range(n):
        points.append((q(x), q(y), q(z), max(q(width), 1 / 64)))
        angle += rng.gauss(0, 0.35)
        x, y, z = x + 14 * math.cos(angle), y + 14 * math.sin(angle), z + rng.gauss(0, 2)
        width *= rng.uniform(0.8, 1.05)
    return points


def asc_tree(rng, start, depth, width, twice=False):
    points = asc_run(rng, start, rng.randint(2, 5), width)
    text = numbers(points)
    if depth > 0:
        x, y, z, w = points[-1]
        parts = [
            asc_tree(
                rng,
                (x, y, z) if twice else (x + 9, y + rng.uniform(-9, 9), z),
                depth - 1,
                w * 0.6,
                twice,
            )
            for _ in range(2)
        ]
        text += "\n ( " + "\n | ".join(parts) + " )"
    return text


def asc_kinds(rng):
    def soma(**more):
        return f'("CellBody" (Color Red) (CellBody) {numbers(ring(rng, 14, 9, 6, 0.7, **more))})\n'

    def tree(kind, start, depth=2, width=1.6, **more):
        return f"((Color Blue) ({kind}) {asc_tree(rng, start, depth, width, **more)})\n"

    trees = (
        lambda: tree("Dendrite", (7, 4, 0))
        + tree("Apical", (0, 6, 0), 3, 2.5)
        + tree("Axon", (-6, -4, 0), 1, 0.9)
    )  # noqa: E731
    yield "plain", soma() + trees()
    yield "tilted_outline", soma(tilt=0.6) + trees()
    yield "strongly_tilted_outline", soma(tilt=2.0) + trees()
    yield "letters_of_either_case", soma() + tree("dendrite", (7, 4, 0)) + tree("APICAL", (0, 6, 0))
    yield "tree_of_an_unknown_type", soma() + tree("Glia", (7, 4, 0)) + tree("Axon", (-6, -4, 0))
    stack = "".join(
        f'("CellBody" (CellBody) {numbers(ring(rng, 12, a, 0.7 * a, 0.4, (k, 0.5 * k, 4 * k)))})\n'
        for k, a in enumerate((4, 8, 9, 6))
    )
    yield "stack_of_outlines", stack + trees()
    yield "fork_point_in_both_branches", soma() + tree("Dendrite", (7, 4, 0), 2, twice=True)
    yield "fork_point_alone", soma() + "((Dendrite) (7 4 0 2) (30 20 0 1.5) ( (30 20 0 1.5) | (60 40 0 1) (80 70 0 0.75) ))\n"
    yield "root_of_one_point", soma() + "((Dendrite) (7 4 0 2) ( (30 20 0 1.5) (60 20 0 1) | (20 40 0 1) (0 70 0 0.75) ))\n"
    yield "tree_of_one_point", soma() + trees() + "((Dendrite) (7 4 0 2))\n"
    yield "tips_of_width_0", soma() + "((Dendrite) (7 4 0 2) (30 20 0 1.5) (50 20 0 0))\n"
    yield "other_blocks", soma() + '("Pia" (Closed) (0 99 0 1) (50 99 0 1) (90 120 0 1))\n(Dot (Color Red) (Name "m") (9 9 0 0.5))\n' + trees()
    yield "name_of_the_outline", soma().replace(" (CellBody)", "", 1) + trees()
    yield "tree_far_from_the_soma", soma() + trees() + tree("Dendrite", (200, 90, 0), 1)
    yield "dendrite_alone", tree("Dendrite", (7, 4, 0), 2)
    yield "comments_and_spines", "; a file\n" + soma() + "((Dendrite) ; typed\n (7 4 0 2) (30 20 0 1.5 S1) <(31 22 0 0.5)> (50 20 0 1) Normal)\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    for ending, kinds in (("swc", swc_kinds), ("asc", asc_kinds)):
        for name, text in kinds(random.Random(f"{arguments.seed} {ending}")):
            with open(
                os.path.join(arguments.folder, f"{name}.{ending}"),
                "w",
                newline="",
                encoding="utf-8",
            ) as file:
                file.write(text)


if __name__ == "__main__":
    main()

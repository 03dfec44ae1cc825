"""Compares how elmsim and NEURON read traced cells, section by section.

    python morphology_neuron.py FOLDER --elmsim build/release/elmsim [--markdown table.md]

Every .swc and .asc file of FOLDER is read by NEURON's Import3d and by `elmsim inspect --json`.
NEURON reads the numbers of SWC in float32: both get a copy whose numbers are rounded so. Its points
are taken as they are handed to its sections, in float64, before they are rounded once more; lengths
and areas of both are sums of frusta over such points.
Sections are matched along the two trees: same parent, same place on it, nearest geometry. Exit
status 1 if files that both accept differ by more than 1e-9, in the count of sections, or in how they
hang together.
"""

import argparse
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"
import neuron  # noqa: E402
from neuron import h  # noqa: E402

h.load_file("import3d.hoc")

BAR = 1e-9


@dataclass
class Section:
    name: str
    parent: int = -1
    parent_x: float = 1.0
    length: float = 0.0
    area: float = 0.0
    points: list = field(default_factory=list)  # (x, y, z, diameter)
    first: float = 0.0  # diameters at the ends
    last: float = 0.0

    def measure(self):
        for a, b in zip(self.points, self.points[1:]):
            step = math.dist(a[:3], b[:3])
            self.length += step
            self.area += math.pi * (a[3] + b[3]) / 2 * math.hypot(step, (b[3] - a[3]) / 2)
        self.first, self.last = self.points[0][3], self.points[-1][3]


class Recorder:
    """Takes the place of the functions through which Import3d makes sections in a Python object."""

    def __init__(self):
        self.sections, self.index = [], {}

    def create(self, _, name, count):
        for i in range(int(count)):
            full = f"{name}[{i}]"
            self.index[full] = len(self.sections)
            self.sections.append(Section(full))
        setattr(_, name, [])

    def find(self, name):
        return self.index[name if "[" in name else name + "[0]"]

    def connect(self, _, child, child_x, parent, parent_x):
        section = self.sections[self.find(child)]
        section.parent, section.parent_x = self.find(parent), parent_x

    def add(self, _, name, x, y, z, diameter):
        self.sections[self.find(name)].points.append((x, y, z, diameter))


class Cell:
    pass


def read_with_neuron(path):
    """Sections of a file, or the text of NEURON's complaint."""
    recorder = Recorder()
    neuron._create_sections_in_obj = recorder.create
    neuron._connect_sections_in_obj = recorder.connect
    neuron._pt3dadd_in_obj = recorder.add
    neuron._pt3dstyle_in_obj = lambda *_: None
    neuron._declare_contour = lambda *_: None
    reader = h.Import3d_SWC_read() if path.lower().endswith(".swc") else h.Import3d_Neurolucida3()
    reader.quiet = 1
    try:
        reader.input(path)
        h.Import3d_GUI(reader, 0).instantiate(Cell())
    except Exception as error:  # noqa: BLE001: hoc errors are RuntimeError, and others
        return None, str(error).strip().splitlines()[-1] if str(error).strip() else "refused"
    # A section that Import3d took out has a name and no points.
    kept = [s for s in recorder.sections if s.points]
    place = {id(s): i for i, s in enumerate(kept)}
    for section in kept:
        if section.parent >= 0:
            section.parent = place[id(recorder.sections[section.parent])]
        section.measure()
    if any(not s.length > 0 for s in kept):
        return None, "a section without length"
    if sum(s.parent < 0 for s in kept) != 1:
        return None, f"{sum(s.parent < 0 for s in kept)} trees"
    return kept, ""


def read_with_elmsim(program, path):
    done = subprocess.run([program, "inspect", path, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1].removeprefix(f"error: {path}:")
    sections = []
    names = {}
    for row in json.loads(done.stdout)["files"][0]["sections"]:
        names[row["name"]] = len(sections)
        sections.append(
            Section(
                row["name"],
                names[row["parent"]] if row["parent"] is not None else -1,
                row["parent_x"] if row["parent"] is not None else 1.0,
                row["length_um"],
                row["area_um2"],
                first=row["first_diameter_um"],
                last=row["last_diameter_um"],
            )
        )
    return sections, ""


def rounded_copy(path, folder):
    """An SWC file with the numbers that float32 holds; others as they are."""
    if not path.lower().endswith(".swc"):
        return path
    copy = os.path.join(folder, os.path.basename(path))
    with open(path, encoding="latin-1", newline="") as file, open(
        copy, "w", encoding="latin-1", newline=""
    ) as out:
        for line in file:
            out.write(
                re.sub(
                    r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?",
                    lambda word: (
                        word[0]
                        if word[0].lstrip("+-").isdigit()
                        else repr(struct.unpack("f", struct.pack("f", float(word[0])))[0])
                    ),
                    line.split("#")[0],
                )
                + "\n" * ("#" in line)
            )
    return copy


def children_of(sections):
    children = [[] for _ in sections]
    root = -1
    for i, section in enumerate(sections):
        if section.parent >= 0:
            children[section.parent].append(i)
        else:
            root = i
    return root, children


def golden_lines(name, sections):
    """A line a section, by length: length, area, diameters at the ends, place on the parent and the
    parent's length."""
    rows = []
    for s in sections:
        above = sections[s.parent].length if s.parent >= 0 else 0.0
        x = s.parent_x if s.parent >= 0 else -1.0
        rows.append((s.length, s.area, s.first, s.last, x, above))
    rows.sort(key=lambda row: (round(row[0] * 1e6), row[4], row[5]))
    return [f"{name} {len(rows)}"] + [" ".join(repr(value) for value in row) for row in rows]


def relative(a, b):
    return abs(a - b) / max(abs(a), abs(b), 1e-12)


def difference(ours, theirs):
    """Largest relative difference of length and area, and of the diameters at the ends; or why the
    trees do not match."""
    if len(ours) != len(theirs):
        return None, f"{len(ours)} sections, NEURON {len(theirs)}"
    (root, below), (their_root, their_below) = children_of(ours), children_of(theirs)
    waiting, worst = [(root, their_root)], 0.0
    while waiting:
        a, b = waiting.pop()
        mine, other = ours[a], theirs[b]
        for name in ("length", "area", "first", "last"):
            worst = max(worst, relative(getattr(mine, name), getattr(other, name)))
        if len(below[a]) != len(their_below[b]):
            return (
                None,
                f"{mine.name} has {len(below[a])} children, NEURON's {other.name} {len(their_below[b])}",
            )
        left = list(their_below[b])
        for child in below[a]:
            s = ours[child]
            best = min(
                left,
                key=lambda k: abs(theirs[k].parent_x - s.parent_x) * 1e6
                + relative(theirs[k].length, s.length)
                + relative(theirs[k].area, s.area),
            )
            left.remove(best)
            if theirs[best].parent_x != s.parent_x:
                return (
                    None,
                    f"{s.name} begins at {s.parent_x:g}, NEURON's {theirs[best].name} at {theirs[best].parent_x:g}",
                )
            waiting.append((child, best))
    return worst, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--elmsim", default="build/release/elmsim")
    parser.add_argument("--markdown", help="writes the table there, too")
    parser.add_argument("--golden", help="writes NEURON's sections there, for tests")
    arguments = parser.parse_args()
    names = sorted(n for n in os.listdir(arguments.folder) if n.lower().endswith((".swc", ".asc")))
    rows, golden, failures, compared, worst = [], [], 0, 0, 0.0
    # NEURON writes to the C stdout, where a pipe would mix it with the table.
    table = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    copies = tempfile.TemporaryDirectory()
    for name in names:
        path = rounded_copy(os.path.join(arguments.folder, name), copies.name)
        theirs, their_refusal = read_with_neuron(path)
        ours, our_refusal = read_with_elmsim(arguments.elmsim, path)
        if theirs is not None:
            golden += golden_lines(name, theirs)
        length = area = ""
        if ours is not None:
            length, area = (f"{sum(getattr(s, n) for s in ours):.10g}" for n in ("length", "area"))
        if ours is None or theirs is None:
            told = "; ".join(
                f"{who} refuses ({why})"
                for who, who_read, why in (
                    ("elmsim", ours, our_refusal),
                    ("NEURON", theirs, their_refusal),
                )
                if who_read is None
            )
        else:
            compared += 1
            found, told = difference(ours, theirs)
            if found is None or found > BAR:
                failures += 1
            if found is not None:
                worst = max(worst, found)
                told = f"{found:.1e}"
        rows.append((name, "" if ours is None else str(len(ours)), length, area, told))
    lines = [
        "| file | sections | length, um | area, um2 | largest relative difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    lines += [
        "",
        f"{len(names)} files, {compared} read by both, NEURON {neuron.__version__}: "
        f"largest difference {worst:.1e}, {failures} beyond {BAR:g}",
    ]
    print("\n".join(lines), file=table)
    if arguments.golden:
        with open(arguments.golden, "w", encoding="utf-8") as file:
            file.write("\n".join(golden) + "\n")
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Floating-point operations until a run first reaches a score on its validation samples.

    python3 bench/flops_to_score.py --metric accuracy --least 0.9 runs/curriculum runs/alone
    python3 bench/flops_to_score.py --metric mse --most 0.01 runs/curriculum runs/alone

Reads metrics.jsonl of each folder of `elmsim train`. Operations of the stages of a curriculum are
counted from its first one on, so a curriculum and a run of its last stage alone compare; the
validations that count are those of the last stage.
"""

import argparse
import json
import pathlib
import sys


def validations(folder, metric):
    """(flops, score) of the validations of a run, in their order."""
    path = pathlib.Path(folder) / "metrics.jsonl"
    if not path.is_file():
        sys.exit(f"{path} is not there: expected a folder of a single run of elmsim train")
    found = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            sys.exit(f"{path}, line {number}: no JSON object. Resume the run that was cut.")
        if line["split"] != "validation":
            continue
        for name in (metric, "flops"):
            if name not in line:
                sys.exit(f"{path}, line {number}: there is no {name}, only {', '.join(line)}")
        found.append((line["flops"], line[metric]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--metric", default="accuracy")
    bound = parser.add_mutually_exclusive_group(required=True)
    bound.add_argument("--least", type=float, help="score to reach from below")
    bound.add_argument("--most", type=float, help="score to reach from above")
    parser.add_argument("runs", nargs="+", metavar="FOLDER")
    options = parser.parse_args()

    def reached(score):
        return score >= options.least if options.least is not None else score <= options.most

    better = max if options.least is not None else min
    for folder in options.runs:
        line = validations(folder, options.metric)
        first = next((flops for flops, score in line if reached(score)), None)
        best = better((score for _, score in line), default=float("nan"))
        said = f"{first:.3g} FLOP" if first is not None else "never"
        print(f"{folder}: {said} (best {options.metric} {best:.4g}, {line[-1][0]:.3g} FLOP in all)")


if __name__ == "__main__":
    main()

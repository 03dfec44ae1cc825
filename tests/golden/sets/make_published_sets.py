"""Makes small files in the forms of released data sets, with made-up contents, by the standard
library alone:

  curv_contour_length_14/  a folder of Pathfinder: grey PNG images of 5 x 4 px with all filters of
                           PNG, pixel (row, column) of image k of batch b is
                           (37 row + 11 column + 5 k + 50 b) mod 256; one empty file; metadata
                           as text with 11 fields
  cifar_batch.bin          three records of CIFAR-10: labels 3, 0, 9; byte i of the planes of record
                           r is (7 i + 13 r) mod 256

Run in this folder: python3 make_published_sets.py
"""

import os
import struct
import zlib

ROWS, COLUMNS = 4, 5


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def paeth(left, up, corner):
    guess = left + up - corner
    near = min((abs(guess - left), 0), (abs(guess - up), 1), (abs(guess - corner), 2))
    return (left, up, corner)[near[1]]


def png(pixels):
    """Row k is stored with filter k mod 5: none, sub, up, average, Paeth."""
    raw = b""
    for r, row in enumerate(pixels):
        kind = (r + 1) % 5
        raw += bytes([kind])
        for c, value in enumerate(row):
            left = row[c - 1] if c else 0
            up = pixels[r - 1][c] if r else 0
            corner = pixels[r - 1][c - 1] if r and c else 0
            guess = [0, left, up, (left + up) // 2, paeth(left, up, corner)][kind]
            raw += bytes([(value - guess) % 256])
    header = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))


def pathfinder(folder):
    os.makedirs(f"{folder}/metadata", exist_ok=True)
    for batch in (0, 10, 2):
        os.makedirs(f"{folder}/imgs/{batch}", exist_ok=True)
        lines = ""
        for k in range(3):
            label = (k + batch) % 2
            pixels = [[(37 * r + 11 * c + 5 * k + 50 * batch) % 256 for c in range(COLUMNS)]
                      for r in range(ROWS)]
            empty = batch == 2 and k == 1
            with open(f"{folder}/imgs/{batch}/sample_{k}.png", "wb") as file:
                file.write(b"" if empty else png(pixels))
            lines += f"imgs/{batch} sample_{k}.png {k} {label} 1.8 14 4 5 1.5 2 1\n"
        with open(f"{folder}/metadata/{batch}.npy", "w", encoding="ascii") as file:
            file.write(lines)


def cifar(path):
    with open(path, "wb") as file:
        for record, label in enumerate((3, 0, 9)):
            file.write(bytes([label]) + bytes((7 * i + 13 * record) % 256 for i in range(3072)))


if __name__ == "__main__":
    pathfinder("curv_contour_length_14")
    cifar("cifar_batch.bin")

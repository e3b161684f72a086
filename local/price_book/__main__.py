"""`python -m local.price_book [PATH]`: write the price book to PATH, or print it."""

import sys

from local.price_book import csv_bytes, write_csv


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            sys.stdout.buffer.write(csv_bytes())
        case [path] if not path.startswith("-"):
            write_csv(path)
        case _:
            print("usage: python -m local.price_book [PATH]", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

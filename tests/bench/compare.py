#!/usr/bin/env python3
"""What unspool costs beside others: on the same files, in turn (A B A B ...), medians of the CPU's time.

usage: compare.py [--runs N] [--discard DIR] 'COMMAND A' 'COMMAND B' ...    any commands, against the first one
       compare.py --table [--runs N] [--build DIR] [--captures DIR] [--scratch DIR]   all that README.md beside this lists
       compare.py --check [--build DIR]                                     that all of it works, on little

DIR of --discard is removed before each run. --build: where `cmake --build --preset bench --target bench` put its
programs (build/bench). --captures: on a disk, as captures are, 2 GB (a directory of its own in that of --build); the
page cache holds them. --scratch: on tmpfs, 1 GB; what is written goes there (/dev/shm/unspool-bench). Both are removed.
"""
import argparse, os, shutil, sys
from pathlib import Path

sys.dont_write_bytecode = True
from comparison import Comparison
from measure import cpu, peak, run_in_turn

HERE = Path(__file__).resolve().parent


def compare_commands(options):
    costs = run_in_turn(options.commands, options.runs, options.discard)
    base = cpu(costs[0])
    for command, of_command in zip(options.commands, costs):
        times = [c.cpu for c in of_command]
        print(f'{cpu(of_command):8.3f} s CPU ({min(times):.3f} to {max(times):.3f})  '
              f'{peak(of_command) / (1 << 20):7.1f} MiB peak  {cpu(of_command) / base:6.2f} x  {command}')


def write_table(text):
    """Between the two marks of the README."""
    readme = HERE / 'README.md'
    before, rest = readme.read_text().split('<!-- measured -->\n', 1)
    after = rest.split('<!-- end -->', 1)[1]
    readme.write_text(f'{before}<!-- measured -->\n{text}<!-- end -->{after}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--discard')
    parser.add_argument('--table', action='store_true')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--build', type=Path, default=HERE.parents[1] / 'build/bench')
    parser.add_argument('--captures', type=Path)
    parser.add_argument('--scratch', type=Path)
    parser.add_argument('commands', nargs='*')
    options = parser.parse_args()
    if not options.table and not options.check:
        if not options.commands:
            parser.error('nothing to be compared')
        return compare_commands(options)
    shm = Path('/dev/shm' if os.access('/dev/shm', os.W_OK) else '/tmp')
    scratch = options.scratch or shm / f'unspool-bench-{os.getpid()}'
    captures = options.captures or options.build.resolve() / f'captures-{os.getpid()}'
    for directory in scratch, captures:
        directory.mkdir(parents=True, exist_ok=True)
    try:
        comparison = Comparison(options.build.resolve(), captures, scratch, options.runs if options.table else 1,
                                tiny=options.check)
        text = comparison.text()
        print('Of little: the figures below say nothing.\n' * options.check + text)
        if options.table:
            write_table(text)
    finally:
        shutil.rmtree(scratch)
        shutil.rmtree(captures)


if __name__ == '__main__':
    main()

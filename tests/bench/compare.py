#!/usr/bin/env python3
"""CPU time of commands against the first one, run in turn: A B A B ...

usage: compare.py [--runs N] [--discard DIR] 'COMMAND A' 'COMMAND B' ...

CPU is user + system of the command and its children (getrusage). A run before the first is not counted: it warms the
page cache. DIR is removed before each run. Prints median CPU, median peak memory, and the ratio to the first command.
"""
import argparse, os, resource, shlex, shutil, statistics, subprocess, sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--runs', type=int, default=5)
parser.add_argument('--discard')
parser.add_argument('commands', nargs='+')
options = parser.parse_args()


def run(command):
    if options.discard:
        shutil.rmtree(options.discard, ignore_errors=True)
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        status = subprocess.run(shlex.split(command), stdout=subprocess.DEVNULL).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(write_end, f'{status} {used.ru_utime + used.ru_stime} {used.ru_maxrss}'.encode())
        os._exit(0)
    os.close(write_end)
    status, cpu, peak = os.read(read_end, 200).split()
    os.close(read_end)
    os.wait()
    if int(status) != 0:
        sys.exit(f'exit {int(status)}: {command}')
    return float(cpu), int(peak)


results = {c: [] for c in options.commands}
for turn in range(options.runs + 1):
    for command in options.commands:
        measured = run(command)
        if turn > 0:
            results[command].append(measured)
base = statistics.median(cpu for cpu, _ in results[options.commands[0]])
for command, measured in results.items():
    cpu = statistics.median(c for c, _ in measured)
    low, high = min(c for c, _ in measured), max(c for c, _ in measured)
    peak = statistics.median(p for _, p in measured) / 1024
    print(f'{cpu:8.3f} s CPU ({low:.3f} to {high:.3f})  {peak:7.1f} MiB peak  {cpu / base:6.2f} x  {command}')

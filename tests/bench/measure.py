"""Runs commands in turn, A B A B ..., and tells what each of them cost."""
import os, resource, shlex, shutil, statistics, subprocess, sys, time


class Cost:
    """Of one run: seconds of CPU (user + system, of the command and its children), seconds on the wall, peak KiB."""

    def __init__(self, cpu, wall, peak):
        self.cpu, self.wall, self.peak = cpu, wall, peak


def run_once(command, discard=None):
    if discard:
        shutil.rmtree(discard, ignore_errors=True)
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        began = time.monotonic()
        status = subprocess.run(shlex.split(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wall = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if status.returncode != 0:
            sys.stderr.write(status.stderr.decode(errors='replace'))
        os.write(write_end, f'{status.returncode} {used.ru_utime + used.ru_stime} {wall} {used.ru_maxrss}'.encode())
        os._exit(0)
    os.close(write_end)
    status, cpu, wall, peak = os.read(read_end, 200).split()
    os.close(read_end)
    os.wait()
    if int(status) != 0:
        sys.exit(f'exit {int(status)}: {command}')
    return Cost(float(cpu), float(wall), int(peak))


def run_in_turn(commands, runs, discard=None):
    """The costs of each command, a list a command. A round before the first is not counted: it warms the page cache."""
    costs = [[] for _ in commands]
    for turn in range(runs + 1):
        for command, of_command in zip(commands, costs):
            cost = run_once(command, discard)
            if turn > 0:
                of_command.append(cost)
    return costs


def cpu(costs):
    return statistics.median(c.cpu for c in costs)


def wall(costs):
    return statistics.median(c.wall for c in costs)


def peak(costs):
    """In bytes."""
    return statistics.median(c.peak for c in costs) * 1024

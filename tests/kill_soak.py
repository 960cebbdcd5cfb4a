#!/usr/bin/env python3
"""kill -9 at random moments, again and again, on one output.

usage: kill_soak.py UNSPOOL [--interface] [--capture FILE] [--kills N] [--files N] [--seed N] [--dir DIR]

Reading a capture, or listening (--interface; in a network namespace of its own) to traffic that never ends. Then every file in
transfers/ is whole and has the right content, or its name or event says that it is not, and it is a part of it; every event line parses after the
next start, and tells the digest of what is in its file; what has no event was finished in the last second before a kill; and a start
takes less than two seconds, however many files there are (--files). Without a capture it makes one of its own.
For the long form: --kills 200 --files 1000000, and a capture of the web workload; --interface --kills 200.
"""
import argparse, os, random, re, shutil, sys, tempfile, time

from live_traffic import (Bodies, Running, Sender, Transfers, enter_own_network, http_session, in_turn, renumbered, transfers_below,
                          write_capture)

START_LIMIT = 2.0
LOST_LIMIT = 1.0


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def fill(out, files):
    """Files that were there before, of 500 hosts."""
    stamp = '20010101T000000.%06dZ'
    for n in range(files):
        client, server = '192.0.%d.%d' % (n % 2, n // 2 % 250), '192.0.2.1'
        name = (stamp + '-%s~%d-%s~80---old-%d') % (n % 1_000_000, client, 1024 + n % 60_000, server, n)
        directory = os.path.join(out, 'transfers', client)
        if n < 500:
            os.makedirs(directory, exist_ok=True)
        os.close(os.open(os.path.join(directory, name), os.O_CREAT | os.O_WRONLY))


class Capture:
    """What is read; a start reads all of it, from its beginning."""

    NUMBER = re.compile(r'(~\d+)?(\.incomplete)?$')

    def __init__(self, arguments, work):
        self.unspool, self.work = arguments.unspool, work
        self.path = arguments.capture or os.path.join(work, 'own.pcap')
        if not arguments.capture:
            sessions = (http_session(n, random.Random(n).randbytes(150_000 + n)) for n in range(300))
            write_capture(self.path, in_turn(sessions, 8))
        self.expected, self.longest_pause = self.undisturbed()

    def words(self):
        return ['-r', self.path]

    def undisturbed(self):
        """What each file should hold, by its name; and how long a run takes."""
        out = os.path.join(self.work, 'undisturbed')
        run = Running([self.unspool, '-q', '-o', out, *self.words()], self.work)
        if run.end() != 0:
            sys.exit('the undisturbed run failed')
        seconds = time.monotonic() - run.began
        expected = {os.path.basename(path): read(os.path.join(out, path)) for path in transfers_below(out)}
        shutil.rmtree(out)
        print(f'{len(expected)} files undisturbed, in {seconds:.2f} s')
        return expected, seconds * 1.1

    def wanted(self, name):
        return self.expected.get(self.NUMBER.sub('', name))

    def last_run(self, run):
        """It was left alone: its exit code."""
        return run.end()

    def end(self):
        pass


class Interface:
    """What is listened to: the same files again and again, each time of other hosts."""

    RATE = 20_000

    def __init__(self):
        self.bodies = Bodies(range(5_000, 95_000, 300))
        self.sender = Sender(renumbered(list(in_turn(self.bodies.sessions(), 30))), self.RATE)
        self.longest_pause = 1.5
        self.wanted = self.bodies.wanted

    def words(self):
        return ['-i', 'vb', '--set', 'protocols=[http]']

    def last_run(self, run):
        time.sleep(1)
        return run.stop()

    def end(self):
        self.sender.stop()


class Soak:
    def __init__(self, arguments, work, load):
        self.unspool, self.work, self.load = arguments.unspool, work, load
        self.random = random.Random(arguments.seed)
        self.out = os.path.join(work, 'out')
        self.failures, self.starts = [], []
        self.settled = self.checked = self.lost = self.lines = 0

    def failed(self, what):
        self.failures.append(what)
        print('FAILED:', what)

    def start(self, *more):
        return Running([self.unspool, '-q', '-o', self.out, '--append', *self.load.words(), *more], self.work)

    def check(self, kills):
        """After a run that was left alone."""
        try:
            found = Transfers(self.out, but='---old-')
        except ValueError as what:
            return self.failed(str(what))
        self.lines += found.lines
        self.checked += sum(map(len, found.files.values()))
        self.settled += sum(name.endswith('.incomplete') for name in found.files)
        for complaint in found.complaints(self.load.wanted):
            self.failed(complaint)
        for name in found.gone():
            self.failed(f'{name}: has an event and is not there')
        for name in found.files:
            if name in found.told or name.endswith('.incomplete'):
                continue
            self.lost += 1
            changed = os.stat(os.path.join(self.out, found.files[name][0])).st_ctime
            if not any(-0.1 <= at - changed <= LOST_LIMIT for at in kills):
                ages = [round(at - changed, 2) for at in kills if at > changed]
                self.failed(f'{name}: has no event, and was finished {min(ages, default="not")} s before a kill')
        partial = os.path.join(self.out, 'partial')
        if os.path.exists(partial) and os.listdir(partial):
            self.failed('partial/ is not empty')

    def kill_one(self):
        """When it was killed."""
        run = self.start(*self.random.choice([[], ['--set', 'transfers.writers=1'], ['-j', '0'],
                                              ['-j', '2', '--set', 'transfers.writers=2']]))
        pause = self.random.uniform(0, self.load.longest_pause)
        ready = run.ready_after(pause)
        if ready is not None:
            self.starts.append(ready)
            time.sleep(max(0, pause - ready))
        return run.kill()

    def begin_anew(self):
        for path in list(transfers_below(self.out)):
            if '---old-' not in path:
                os.unlink(os.path.join(self.out, path))
        os.unlink(os.path.join(self.out, 'events.json'))

    def run(self, kills, files, at_a_time=10):
        if files:
            began = time.monotonic()
            fill(self.out, files)
            print(f'{files} more files made in {time.monotonic() - began:.0f} s')
        for done in range(0, kills, at_a_time):
            moments = [self.kill_one() for _ in range(min(at_a_time, kills - done))]
            last = self.start()
            self.starts.append(last.ready_after(60) or 60)
            if self.load.last_run(last) != 0:
                self.failed('the run after the kills failed')
            self.check(moments)
            self.begin_anew()
        slowest = max(self.starts)
        if slowest > START_LIMIT:
            self.failed(f'a start took {slowest:.2f} s')
        print(f'{kills} kills, {self.checked} entries checked, {self.settled} files incomplete, {self.lost} whole ones without event, '
              f'{self.lines} event lines; slowest start {slowest:.3f} s')
        print(f'{len(self.starts)} passed, {len(self.failures)} failed')
        return not self.failures and self.checked > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('unspool')
    parser.add_argument('--interface', action='store_true')
    parser.add_argument('--capture')
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--files', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--dir', default=None)
    arguments = parser.parse_args()
    if arguments.interface:
        enter_own_network()
    work = tempfile.mkdtemp(prefix='kill_soak.', dir=arguments.dir)
    load = Interface() if arguments.interface else Capture(arguments, work)
    try:
        sys.exit(0 if Soak(arguments, work, load).run(arguments.kills, arguments.files) else 1)
    finally:
        load.end()
        shutil.rmtree(work)


if __name__ == '__main__':
    main()

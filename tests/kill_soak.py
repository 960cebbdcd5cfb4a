#!/usr/bin/env python3
"""kill -9 at random moments, again and again, on one output.

usage: kill_soak.py UNSPOOL [--interface] [--capture FILE] [--kills N] [--files N] [--seed N] [--dir DIR]

Reading a capture, or listening (--interface; in a network namespace of its own) to traffic that never ends. Then every file in
transfers/ is whole and has the right content, or its name or event says that it is not, and it is a part of it; every event line parses after the
next start, and tells the digest of what is in its file; what has no event was finished in the last second before a kill; and a start
takes less than two seconds, however many files there are (--files). Without a capture it makes one of its own.
For the long form: --kills 200 --files 1000000, and a capture of the web workload; --interface --kills 200.
"""
import argparse, hashlib, os, random, re, shutil, sys, tempfile, time

from live_traffic import (Running, Sender, enter_own_network, event_lines, http_session, in_turn, renumbered, transfers_below,
                          write_capture)

START_LIMIT = 2.0
LOST_LIMIT = 1.0


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def is_part(data, wanted):
    """Whether what is there is right; a hole reads as zeros."""
    if wanted.startswith(data):
        return True
    return len(data) <= len(wanted) and all(ours in (0, theirs) for ours, theirs in zip(data, wanted))


def without(data, gaps):
    at, parts = 0, []
    for offset, length, _ in gaps:
        parts.append(data[at:offset])
        at = offset + length
    return b''.join(parts) + data[at:]


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

    CLIENT_PORT = re.compile(r'~(\d+)-')  # the path is not known of those that had begun before the start
    RATE = 20_000

    def __init__(self):
        self.bodies = [random.Random(n).randbytes(5_000 + 300 * n) for n in range(300)]
        sessions = (http_session(n, body, client=bytes([10, n % 7, 0, 0]), server=bytes([172, 16, n % 3, 9]))
                    for n, body in enumerate(self.bodies))
        self.sender = Sender(renumbered(list(in_turn(sessions, 30))), self.RATE)
        self.longest_pause = 1.5

    def words(self):
        return ['-i', 'vb', '--set', 'protocols=[http]']

    def wanted(self, name):
        return self.bodies[int(self.CLIENT_PORT.search(name)[1]) - 2000]

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

    def check_files(self, told, kills):
        """`told`: what an event tells of a file, by name."""
        names = {}
        for path in transfers_below(self.out):
            if '---old-' not in path:
                names.setdefault(os.path.basename(path), []).append(path)
        for name, paths in names.items():
            self.checked += len(paths)
            if len(paths) != 2 or not os.path.samefile(*(os.path.join(self.out, path) for path in paths)):
                self.failed(f'{name}: is not one file under two hosts')
            data, wanted = read(os.path.join(self.out, paths[0])), self.load.wanted(name)
            event = told.get(name)
            is_whole = event['fileinfo']['state'] == 'CLOSED' if event else True
            is_whole = is_whole and not name.endswith('.incomplete')
            self.settled += not is_whole
            if wanted is None:
                self.failed(f'{name}: nobody knows it')
            elif data != wanted if is_whole else not is_part(data, wanted):
                self.failed(f'{name}: {len(data)} bytes, not as they should be')
            if event:
                if sha256(without(data, event['unspool'].get('gaps', []))) != event['fileinfo']['sha256']:
                    self.failed(f'{name}: has another digest than its event says')
            elif is_whole:
                self.lost += 1
                changed = os.stat(os.path.join(self.out, paths[0])).st_ctime
                if not any(-0.1 <= at - changed <= LOST_LIMIT for at in kills):
                    ages = [round(at - changed, 2) for at in kills if at > changed]
                    self.failed(f'{name}: has no event, and was finished {min(ages, default="not")} s before a kill')
        for name in set(told) - set(names):
            self.failed(f'{name}: has an event and is not there')

    def check(self, kills):
        """After a run that was left alone."""
        told = {}
        try:
            for event in event_lines(os.path.join(self.out, 'events.json')):
                self.lines += 1
                if event['event_type'] == 'fileinfo' and 'transfer' in event.get('unspool', {}):
                    told[os.path.basename(event['unspool']['transfer'])] = event
        except ValueError as what:
            self.failed(str(what))
        self.check_files(told, kills)
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

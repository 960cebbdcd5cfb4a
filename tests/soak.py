#!/usr/bin/env python3
"""unspool listens for an hour to 20,000 packets a second, with events rotated and a store at its quota; is its memory flat?

usage: soak.py UNSPOOL [--seconds N] [--pps N] [--samples FILE] [--dir DIR]

In a network namespace of its own. A round of traffic a second: HTTP sessions of 1 to 60 KB, of which some lose packets and some are
never closed, questions over UDP, SYNs that nobody answers; each round of new hosts. A line every ten seconds goes to --samples (TSV).
It passes when
 - the median of resident memory over the last sixth is within 3 % and 2 MiB of that over the second sixth: of an hour, the last ten
   minutes and minutes 10 to 20; of shorter runs likewise, with timeouts that are shorter in proportion;
 - the kernel and the rings dropped nothing, and no event was lost;
 - each event line parses, rotated files are as large as they may be, as many as are to be kept, and tell of every file;
 - the store stays within its quota, and it ends by itself with code 0.
Skipped, with a message, where it cannot make a namespace.
"""
import argparse, glob, itertools, os, random, shutil, statistics, sys, tempfile, time

from live_traffic import (SYN, Sender, enter_own_network, event_lines, http_session, in_turn, listening, processor_seconds,
                          renumbered, status, tcp, transfers_below, udp)

MIB = 1 << 20
QUOTA = 48 * MIB
ROTATE = 16 * MIB
KEEP = 20
BETWEEN_SWEEPS = 32 * MIB  # what comes in the seconds between two looks at the store
SLACK = 2 * MIB  # of a file's size: what is written at once


def a_round(pps):
    """About a second of traffic."""
    dice = random.Random(5)
    sessions, questions, scans = [], [], []
    for n in range(pps * 3 // 200):
        body = dice.randbytes(dice.randint(1000, 60_000))
        session = http_session(n, body, client=bytes([10, n % 7, 0, 0]), server=bytes([172, 16, n % 5, 9]), close=n % 20 != 7)
        sessions.append(lossy(session, dice) if n % 3 == 0 else session)
    for n in range(pps // 100):
        client, server = bytes([10, 100, 0, 0]), bytes([172, 16, 0, 53])
        ask = udp(client, server, (3000 + n, 53), dice.randbytes(40))
        questions.append(iter([ask, udp(server, client, (53, 3000 + n), dice.randbytes(120))]))
        scans.append(iter([tcp(bytes([10, 200, 0, 0]), server, (4000 + n, 443), 1, 0, SYN)]))
    mixed = sessions + questions + scans
    dice.shuffle(mixed)
    return list(in_turn(mixed, 100))


def lossy(frames, dice):
    """Without some of those with data."""
    return (frame for frame in frames if not (len(frame) > 1000 and dice.random() < 0.02))


class Soak:
    def __init__(self, arguments, work):
        self.seconds, self.pps, self.work = arguments.seconds, arguments.pps, work
        self.unspool = arguments.unspool
        self.samples_path = arguments.samples or os.path.join(work, 'samples.tsv')
        self.out = os.path.join(work, 'out')
        self.samples, self.failures, self.rotated = [], [], {}
        self.lines = self.fileinfos = self.stats_lines = 0
        self.last_stats = None

    def failed(self, what):
        self.failures.append(what)
        print('FAILED:', what, flush=True)

    def options(self):
        share = self.seconds / 3600
        yield from (f'timeouts.idle={max(1, round(300 * share))}s', f'timeouts.udp={max(1, round(60 * share))}s')
        yield from (f'timeouts.handshake={max(1, round(30 * share))}s', 'events.stats_interval=10s')
        yield from (f'events.rotate_bytes={ROTATE}', 'events.rotate_interval=1m', f'events.keep={KEEP}')
        yield from (f'transfers.quota_bytes={QUOTA}', 'transfers.quota_files=20000', 'transfers.low_space=0')

    def take_lines(self, path):
        try:
            for event in event_lines(path):
                self.lines += 1
                kind = event['event_type']
                if kind == 'fileinfo':
                    self.fileinfos += 1
                elif kind == 'stats':
                    self.stats_lines += 1
                    self.last_stats = event['stats']
        except ValueError as what:
            self.failed(str(what))

    def look_at_rotated(self):
        """Those that are new; each is read once, before it is removed."""
        now = sorted(glob.glob(os.path.join(self.out, 'events-*.json')))
        if len(now) > KEEP:
            self.failed(f'{len(now)} rotated files, of at most {KEEP}')
        for path in now:
            if path in self.rotated:
                continue
            self.rotated[path] = os.path.getsize(path)
            if self.rotated[path] > ROTATE + SLACK:
                self.failed(f'{path}: {self.rotated[path]} bytes')
            self.take_lines(path)

    def stored_bytes(self):
        sizes = {}
        for path in transfers_below(self.out):
            try:
                entry = os.stat(os.path.join(self.out, path))
            except FileNotFoundError:
                continue  # just removed
            sizes[entry.st_ino] = entry.st_blocks * 512
        return sum(sizes.values())

    def sample(self, run, began, file):
        row = {'seconds': round(time.monotonic() - began), 'rss_kib': status(run.pid, 'VmRSS'),
               'anon_kib': status(run.pid, 'RssAnon'), 'threads': status(run.pid, 'Threads'),
               'descriptors': len(os.listdir(f'/proc/{run.pid}/fd')), 'cpu_seconds': processor_seconds(run.pid),
               'stored_bytes': self.stored_bytes(), 'rotated': len(self.rotated), 'lines': self.lines}
        if not self.samples:
            print(*row, sep='\t', file=file)
        self.samples.append(row)
        print(*row.values(), sep='\t', file=file, flush=True)
        if row['stored_bytes'] > QUOTA + BETWEEN_SWEEPS:
            self.failed(f'{row["stored_bytes"]} bytes are stored, of at most {QUOTA}')

    def listen(self):
        options = list(itertools.chain.from_iterable(('--set', option) for option in self.options()))
        run = listening(self.unspool, self.out, self.work, options)
        sender = Sender(renumbered(a_round(self.pps)), self.pps, nice=2)
        began, pause = time.monotonic(), min(10, self.seconds / 60)
        with open(self.samples_path, 'w') as file:
            for n in itertools.count(1):
                time.sleep(max(0, began + n * pause - time.monotonic()))
                if not run.is_running():
                    self.failed('it ended by itself')
                    break
                self.look_at_rotated()
                self.sample(run, began, file)
                if n * pause >= self.seconds:
                    break
        sender.stop()
        time.sleep(0.5)
        code = run.stop()
        if code != 0:
            self.failed(f'it ended with code {code}')
        self.look_at_rotated()
        self.take_lines(os.path.join(self.out, 'events.json'))

    def between(self, first, last, key='rss_kib'):
        return [row[key] for row in self.samples if first * self.seconds < row['seconds'] <= last * self.seconds]

    def judge(self):
        before, behind = statistics.median(self.between(1 / 6, 2 / 6)), statistics.median(self.between(5 / 6, 1))
        if behind > before * 1.03 + 2048:
            self.failed(f'memory grows: {before:.0f} KiB, later {behind:.0f} KiB')
        stats = self.last_stats
        for name, count in (('the kernel dropped', stats['capture']['dropped']), ('a ring dropped', stats['capture']['ring_dropped']),
                            ('events lost', stats['events']['lost']), ('parsers failed', stats['parsers']['failed'])):
            if count:
                self.failed(f'{name}: {count}')
        if stats['capture']['packets'] < self.seconds * self.pps * 0.5:
            self.failed(f'only {stats["capture"]["packets"]} packets came: this machine is too slow, or nothing was heard')
        if self.fileinfos != stats['transfers']['files']:
            self.failed(f'{stats["transfers"]["files"]} files, and {self.fileinfos} events of files')
        entries = len({os.stat(os.path.join(self.out, path)).st_ino for path in transfers_below(self.out)})
        if entries != stats['transfers']['files'] - stats['transfers']['removed']['files']:
            self.failed(f'{entries} files are there, of {stats["transfers"]["files"]} less {stats["transfers"]["removed"]["files"]}')
        return before, behind

    def table(self):
        print(f'{"until":>8} {"RSS KiB: least":>15} {"median":>8} {"most":>8} {"anon":>8} {"fds":>5} {"CPU %":>6} {"stored MiB":>11}')
        cpu, at = 0, 0
        for n in range(12):
            part = [row for row in self.samples if n * self.seconds < row['seconds'] * 12 <= (n + 1) * self.seconds]
            if not part:
                continue
            rss, last = [row['rss_kib'] for row in part], part[-1]
            print(f'{last["seconds"]:>6} s {min(rss):>15} {statistics.median(rss):>8.0f} {max(rss):>8} {last["anon_kib"]:>8} '
                  f'{last["descriptors"]:>5} {100 * (last["cpu_seconds"] - cpu) / (last["seconds"] - at):>6.1f} '
                  f'{last["stored_bytes"] / MIB:>11.1f}')
            cpu, at = last['cpu_seconds'], last['seconds']

    def run(self):
        self.listen()
        before, behind = self.judge()
        self.table()
        stats = self.last_stats
        sizes = list(self.rotated.values()) or [0]
        print(f'{stats["capture"]["packets"]} packets, dropped {stats["capture"]["dropped"]} + {stats["capture"]["ring_dropped"]}; '
              f'{stats["transfers"]["files"]} files, {stats["transfers"]["removed"]["files"]} removed; {self.lines} event lines in '
              f'{len(self.rotated)} rotated files of {min(sizes) / MIB:.1f} to {max(sizes) / MIB:.1f} MiB')
        print(f'{"FAIL" if self.failures else "PASS"}: median of resident memory {before:.0f} KiB, then {behind:.0f} KiB; '
              f'{len(self.failures)} failures')
        return not self.failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('unspool')
    parser.add_argument('--seconds', type=int, default=3600)
    parser.add_argument('--pps', type=int, default=20000)
    parser.add_argument('--samples')
    parser.add_argument('--dir', default='/dev/shm')
    arguments = parser.parse_args()
    enter_own_network()
    work = tempfile.mkdtemp(prefix='soak.', dir=arguments.dir)
    try:
        sys.exit(0 if Soak(arguments, work).run() else 1)
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    main()

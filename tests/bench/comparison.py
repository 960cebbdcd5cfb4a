"""Which workloads, which programs, and what of it is told."""
import json, os, platform, shlex, shutil, subprocess, sys
from datetime import date

from measure import cpu, peak, run_in_turn, wall

QUIET = "--set 'protocols=[]' --set 'events.types=[]'"
HTTP = "--set 'protocols=[http]'"


class Workload:
    def __init__(self, name, amount, tiny, most=None, peers=(), what=''):
        self.name, self.amount, self.tiny, self.most, self.peers, self.what = name, amount, tiny, most, peers, what


WORKLOADS = [
    Workload('bulk', 1_000_000_000, 2_000_000, 0.8, ('libnids', 'libtins'), '1 GB'),
    Workload('web', 512_000_000, 2_000_000, 1.0, ('libnids', 'libtins', 'tcpflow', 'tshark'), '512 MB'),
    Workload('lossy', 256_000_000, 2_000_000, 1.3, ('libnids', 'libtins'), '256 MB'),
    Workload('smallpkt', 310_000_000, 7_000_000, 1.3, ('libnids', 'libtins'), '4 M packets'),
    Workload('synflood', 3_000_000, 20_000, 2.0, (), '3 M SYNs'),
    Workload('idle', 1_000_000, 2_000, 5.0, (), '1 M sessions'),
]


def read_anew(path):
    """Into the page cache as the disk gives it: written pages lie there in smaller pieces, which take longer to read."""
    with open(path, 'rb', buffering=0) as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 20):
            pass


class Comparison:
    def __init__(self, build, captures, scratch, runs, tiny):
        self.build, self.captures, self.scratch, self.runs, self.tiny = build, captures, scratch, runs, tiny
        self.programs = build / 'tests/bench'
        self.unspool = build / 'daemon/unspool'
        self.output = scratch / 'out'
        self.empty = self.make('brief', 1, keep='empty')
        with open(self.empty, 'r+b') as file:
            file.truncate(24)

    # ---- captures

    def make(self, workload, amount, keep=None, truth=None):
        path = self.captures / f'{keep or workload}.pcap'
        words = [self.programs / 'make_workload', workload, path, '--amount', str(amount)]
        if truth:
            words += ['--truth', truth]
        made = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        read_anew(path)
        self.made = {key: int(value) for key, value in (line.split() for line in made.splitlines())}
        return path

    # ---- commands

    def unspool_on(self, path, options=QUIET, workers=0):
        return f'{self.unspool} -q -j {workers} -o {self.output} {options} -r {path}'

    def bare_on(self, path):
        return f'{self.programs}/bare_loop {path}'

    def peer_on(self, peer, path):
        """None where it is not installed."""
        ours = self.programs / f'peer_{peer}'
        if peer == 'tshark':
            return shutil.which(peer) and f'tshark -q -z conv,tcp -r {path}'
        if peer == 'tcpflow':
            return shutil.which(peer) and f'tcpflow -q -o {self.output} -r {path}'
        if not ours.exists():
            return None
        return f'{ours} {path} 131072' if peer == 'libnids' else f'{ours} {path}'

    def net_cpu(self, commands, discard=True):
        """Of each of these functions of a capture's path and that path: CPU less that of the same over an empty one."""
        pairs = [command for of, path in commands for command in (of(path), of(self.empty))]
        costs = run_in_turn(pairs, self.runs, self.output if discard else None)
        return [max(cpu(costs[2 * i]) - cpu(costs[2 * i + 1]), 1e-6) for i in range(len(commands))]

    # ---- what is measured

    def ratios(self):
        rows = ['| workload | packets | bare loop, CPU s | unspool | at most | libnids | libtins |',
                '|---|---|---|---|---|---|---|']
        for workload in WORKLOADS:
            path = self.make(workload.name, workload.tiny if self.tiny else workload.amount)
            peers = [p for p in workload.peers if p.startswith('lib') and self.peer_on(p, path)]
            costs = self.net_cpu([(self.bare_on, path), (self.unspool_on, path)] +
                                 [(lambda at, p=p: self.peer_on(p, at), path) for p in peers])
            self.note(workload.name, 'ratio', costs[1] / costs[0])
            of_peer = {peer: cost for peer, cost in zip(peers, costs[2:])}
            if 'libnids' in of_peer and workload.name == 'web':
                self.against_libnids = costs[1] / of_peer['libnids']
            told = [f'{of_peer[p] / costs[0]:.1f}' if p in of_peer else '--' for p in ('libnids', 'libtins')]
            rows.append(f'| {workload.name}, {workload.what} | {self.made["packets"]:,} | {costs[0]:.3f} | '
                        f'**{costs[1] / costs[0]:.2f}** | {workload.most} | {" | ".join(told)} |')
            path.unlink()
        return rows

    def others(self):
        """Everything else: a row is what, against what, measured, at most."""
        rows = []
        web = self.make('web', 2_000_000 if self.tiny else 512_000_000)
        if self.against_libnids:
            rows.append(('web, CPU', 'libnids', f'{self.against_libnids:.2f}', '0.33'))
        files = f"{HTTP} --set transfers.digest=none"
        if self.peer_on('tcpflow', web):
            untyped = f'{files} --set transfers.types=none'
            ours, plain, theirs = self.net_cpu([(lambda at: self.unspool_on(at, files), web),
                                                (lambda at: self.unspool_on(at, untyped), web),
                                                (lambda at: self.peer_on('tcpflow', at), web)])
            rows.append(('web, http on, files to tmpfs, digests off, events on; CPU', 'tcpflow writing its files there',
                         f'{ours / theirs:.2f} ({ours:.2f} s; without types: {plain / theirs:.2f}, {plain:.2f} s)',
                         '0.35'))
        one, two = run_in_turn([self.unspool_on(web, HTTP, 0), self.unspool_on(web, HTTP, 2)], self.runs, self.output)
        rows.append(('web, http on, files, sha256 on; wall', '`-j 2` against `-j 0`',
                     f'{wall(two) / wall(one):.2f} ({wall(two):.2f} s)', '0.65'))
        if self.peer_on('tshark', web):
            runs, self.runs = self.runs, 1
            theirs, bare = self.net_cpu([(lambda at: self.peer_on('tshark', at), web), (self.bare_on, web)])
            self.runs = runs
            rows.append(('web, `tshark -z conv`, CPU', 'bare loop', f'{theirs / bare:.0f}', ''))
        web.unlink()
        return rows + self.idle() + self.events() + self.growth()

    def idle(self):
        few, many = (200, 2_000) if self.tiny else (10_000, 1_000_000)
        little = self.make('idle', few, keep='little')
        much = self.make('idle', many)
        at_few, at_many = run_in_turn([self.unspool_on(little), self.unspool_on(much)], self.runs, self.output)
        bytes_each = (peak(at_many) - peak(at_few)) / (many - few)
        for path in (little, much):
            path.unlink()
        return [('idle, resident bytes a session', f'a run over {few:,}', f'{bytes_each:.0f}', '250')]

    def events(self):
        sessions = 2_000 if self.tiny else 1_000_000
        path = self.make('brief', sessions)
        on = "--set 'protocols=[]' --set 'events.types=[flow]'"
        with_events, without = self.net_cpu([(lambda at: self.unspool_on(at, on), path), (self.unspool_on, path)])
        path.unlink()
        more = max(with_events - without, 1e-6)
        return [('brief, flow events to tmpfs: sessions a second of CPU', 'the same without events',
                 f'{sessions / more / 1e6:.2f} M (with all that comes before: {sessions / with_events / 1e6:.2f} M)',
                 'at least 1 M')]

    def growth(self):
        rows = []
        few, many = (200_000, 2_000_000) if self.tiny else (51_200_000, 512_000_000)
        little, packets_few = self.make('web', few, keep='little'), self.made['packets']
        much, packets_many = self.make('web', many), self.made['packets']
        one, ten = self.net_cpu([(self.unspool_on, little), (self.unspool_on, much)])
        rows.append(('web, 10 times the packets: CPU a packet', 'a tenth of them',
                     f'{ten / packets_many / (one / packets_few):.2f}', '0.85 to 1.15'))
        sizes = [300, 3_000] if self.tiny else [100_000, 178_000, 316_000, 562_000, 1_000_000]
        costs, packets = [], []
        for size in sizes:
            path = self.make('idle', size)
            costs += self.net_cpu([(self.unspool_on, path)])
            packets.append(self.made['packets'])
        each = [1e9 * c / p for c, p in zip(costs, packets)]
        rows.append((f'idle, {sizes[0]:,} to {sizes[-1]:,} sessions open: CPU a packet', 'the fewest',
                     f'{each[-1] / each[0]:.2f} (ns: {", ".join(f"{e:.0f}" for e in each)})', '2.5, no step'))
        return rows

    def streams_right(self, workload):
        """How many of the streams have the bytes and the holes of the truth: of all."""
        truth = self.scratch / 'truth'
        path = self.make(workload, 2_000_000 if self.tiny else 256_000_000, truth=truth)
        command = self.unspool_on(path, "--set 'protocols=[]' --set streams.digest=sha256")
        shutil.rmtree(self.output, ignore_errors=True)
        subprocess.run(shlex.split(command), check=True)
        found = {}
        for line in open(self.output / 'events.json'):
            event = json.loads(line)
            if event['event_type'] != 'flow':
                continue
            for stream in event['unspool'].get('streams', []):
                holes = ','.join(f'{at}+{length}' for at, length, _ in stream.get('gaps', [])) or '-'
                key = (event['src_ip'], str(event['src_port']), event['dest_ip'], str(event['dest_port']), stream['from'])
                found.setdefault(key, []).append([str(stream['bytes']), holes, stream['sha256']])
        rows = [line.split() for line in open(truth)]
        wrong = [row for row in rows if found.get(tuple(row[:5])) != [row[5:]]]
        for row in wrong[:5]:
            print('wrong:', *row, 'found:', found.get(tuple(row[:5])), file=sys.stderr)
        path.unlink()
        return len(rows) - len(wrong), len(rows)

    def note(self, *what):
        print(*what, file=sys.stderr, flush=True)

    def text(self):
        """All of it, in Markdown."""
        load = os.getloadavg()[0]
        self.against_libnids = None
        right = {workload: self.streams_right(workload) for workload in ('web', 'lossy')}
        for workload, (agree, of) in right.items():
            if agree != of or of == 0:
                sys.exit(f'{workload}: {of - agree} of {of} streams are not what they are to be')
        lines = [f'{date.today()}, {machine()}; `-j 0`, medians of {self.runs}, in turn in one run. CPU is user + system, '
                 'less that of a run over an empty capture; figures of unspool and of peers are times the bare loop.', '']
        if load > 1:
            lines += [f'**Others used the machine meanwhile (load {load:.1f}): ratios of CPU are rough, times on the wall '
                      'say nothing.**', '']
        lines += self.ratios()
        lines += ['', '| what | against | measured | at most |', '|---|---|---|---|']
        lines += [f'| {" | ".join(row)} |' for row in self.others()]
        told = ', '.join(f'{workload} {agree:,} of {of:,}' for workload, (agree, of) in right.items())
        lines += ['', f'Streams whose bytes and holes are the right ones: {told}.', '']
        return '\n'.join(lines)


def machine():
    model = next((line.split(':')[1].strip() for line in open('/proc/cpuinfo') if line.startswith('model name')), '?')
    return f'{os.cpu_count()} cores, {model}, {platform.release()}'

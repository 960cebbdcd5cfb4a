#!/usr/bin/env python3
"""kill -9 at random moments, again and again, on one output.

usage: kill_soak.py UNSPOOL [--capture FILE] [--kills N] [--files N] [--seed N] [--dir DIR]

Then every file in transfers/ is whole and has the right content, or says that it is incomplete and is a beginning of it; every
event line parses after the next start, and names a file of that digest; what has no event was finished in the last second
before a kill; and a start takes less than two seconds, however many files there are (--files). Without a capture it makes one
of its own. For the long form: --kills 200 --files 1000000, and a capture of the web workload.
"""
import argparse, hashlib, json, os, random, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time

NUMBER = re.compile(r'(~\d+)?(\.incomplete)?$')
START_LIMIT = 2.0
LOST_LIMIT = 1.0


def make_capture(path, sessions=300, body=150_000):
    """HTTP replies over TCP, eight sessions at a time."""
    def checksum_free_frame(src, dst, sport, dport, seq, ack, flags, payload):
        tcp = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 65535, 0, 0) + payload
        ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, src, dst)
        return b'\2\0\0\0\0\2\2\0\0\0\0\1\x08\0' + ip + tcp

    def session(n):
        client, server = bytes([10, 0, n % 7, 5]), bytes([10, 1, n % 3, 9])
        sport, data = 2000 + n, random.Random(n).randbytes(body + n)
        c = lambda seq, ack, flags, payload=b'': checksum_free_frame(client, server, sport, 80, seq, ack, flags, payload)
        s = lambda seq, ack, flags, payload=b'': checksum_free_frame(server, client, 80, sport, seq, ack, flags, payload)
        request = b'GET /file-%d HTTP/1.1\r\nHost: a\r\n\r\n' % n
        reply = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data) + data
        yield c(99, 0, 2)
        yield s(499, 100, 18)
        yield c(100, 500, 24, request)
        ours = 100 + len(request)
        for at in range(0, len(reply), 1400):
            yield s(500 + at, ours, 24, reply[at:at + 1400])
        theirs = 500 + len(reply)
        yield c(ours, theirs, 17)
        yield s(theirs, ours + 1, 17)
        yield c(ours + 1, theirs + 1, 16)

    with open(path, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        waiting, open_ones, microseconds = [session(n) for n in range(sessions)], [], 0
        while waiting or open_ones:
            while waiting and len(open_ones) < 8:
                open_ones.append(waiting.pop(0))
            for one in list(open_ones):
                frame = next(one, None)
                if frame is None:
                    open_ones.remove(one)
                    continue
                microseconds += 2
                file.write(struct.pack('<IIII', 1_160_000_000 + microseconds // 1_000_000, microseconds % 1_000_000,
                                       len(frame), len(frame)) + frame)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Run:
    """One start of the program, with a socket on which it says that it is ready."""

    def __init__(self, unspool, capture, out, work, more):
        self.address = os.path.join(work, 'notify')
        if os.path.exists(self.address):
            os.unlink(self.address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address)
        self.began = time.monotonic()
        self.process = subprocess.Popen([unspool, '-q', '-r', capture, '-o', out, '--append', *more],
                                        env=dict(os.environ, NOTIFY_SOCKET=self.address), stdout=subprocess.DEVNULL)

    def ready_after(self, most):
        self.socket.settimeout(max(most, 0.001))
        try:
            while b'READY=1' not in self.socket.recv(4096):
                pass
            return time.monotonic() - self.began
        except socket.timeout:
            return None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        at = time.time()
        self.end()
        return at

    def end(self):
        code = self.process.wait()
        self.socket.close()
        return code


def transfers_below(out):
    """Path below `out`, for each entry."""
    for directory, _, names in os.walk(os.path.join(out, 'transfers')):
        for name in names:
            yield os.path.relpath(os.path.join(directory, name), out)


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


class Soak:
    def __init__(self, arguments, work):
        self.unspool, self.work = arguments.unspool, work
        self.random = random.Random(arguments.seed)
        self.capture = arguments.capture or os.path.join(work, 'own.pcap')
        if not arguments.capture:
            make_capture(self.capture)
        self.out = os.path.join(work, 'out')
        self.failures, self.starts, self.settled, self.checked, self.lost = [], [], 0, 0, 0

    def failed(self, what):
        self.failures.append(what)
        print('FAILED:', what)

    def undisturbed(self):
        """What each file should hold, by its name; and how long a run takes."""
        out = os.path.join(self.work, 'undisturbed')
        run = Run(self.unspool, self.capture, out, self.work, [])
        if run.end() != 0:
            sys.exit('the undisturbed run failed')
        seconds = time.monotonic() - run.began
        expected = {os.path.basename(path): read(os.path.join(out, path)) for path in transfers_below(out)}
        shutil.rmtree(out)
        return expected, seconds

    def check_files(self, expected, without_event, kills):
        whole = {}
        for path in transfers_below(self.out):
            name = os.path.basename(path)
            if '---old-' in name:
                continue
            data, wanted = read(os.path.join(self.out, path)), expected.get(NUMBER.sub('', name))
            if wanted is None:
                self.failed(f'{path}: nobody knows it')
            elif name.endswith('.incomplete'):
                self.settled += 1
                if not wanted.startswith(data):
                    self.failed(f'{path}: is no beginning of what it should be')
            elif data != wanted:
                self.failed(f'{path}: {len(data)} bytes, not as they should be')
            else:
                whole[path] = sha256(data)
            self.checked += 1
        by_name = {}
        for path in whole:
            by_name.setdefault(os.path.basename(path), []).append(path)
        for name, paths in by_name.items():
            if len(paths) != 2 or not os.path.samefile(*(os.path.join(self.out, path) for path in paths)):
                self.failed(f'{name}: is not one file under two hosts')
            if not any(path in without_event for path in paths):
                continue
            changed = os.stat(os.path.join(self.out, paths[0])).st_ctime
            self.lost += 1
            if not any(-0.1 <= at - changed <= LOST_LIMIT for at in kills):
                self.failed(f'{name}: has no event, and was finished long before a kill')
        return whole

    def check(self, expected, kills):
        """After a run that was left alone."""
        told = {}
        for number, line in enumerate(read(os.path.join(self.out, 'events.json')).split(b'\n')[:-1], 1):
            try:
                event = json.loads(line)
            except ValueError:
                self.failed(f'events.json:{number}: {line[:80]}')
                continue
            if event['event_type'] == 'fileinfo' and 'transfer' in event.get('unspool', {}):
                told[event['unspool']['transfer']] = event['fileinfo']['sha256']
        on_disk = {os.path.basename(path) for path in transfers_below(self.out)}
        told_names = {os.path.basename(path) for path in told}
        without_event = {path for path in transfers_below(self.out) if os.path.basename(path) not in told_names}
        whole = self.check_files(expected, without_event, kills)
        for path, digest in told.items():
            if os.path.basename(path) not in on_disk:
                self.failed(f'{path}: has an event and is not there')
            elif whole.get(path, digest) != digest:
                self.failed(f'{path}: has another digest than its event says')
        partial = os.path.join(self.out, 'partial')
        if os.path.exists(partial) and os.listdir(partial):
            self.failed('partial/ is not empty')

    def run(self, kills, files, at_a_time=10):
        expected, seconds = self.undisturbed()
        print(f'{len(expected)} files undisturbed, in {seconds:.2f} s')
        if files:
            began = time.monotonic()
            fill(self.out, files)
            print(f'{files} more files made in {time.monotonic() - began:.0f} s')
        done = 0
        while done < kills:
            moments = []
            for _ in range(min(at_a_time, kills - done)):
                more = self.random.choice([[], ['--set', 'transfers.writers=1'], ['-j', '0'], ['-j', '2', '--set', 'transfers.writers=2']])
                run = Run(self.unspool, self.capture, self.out, self.work, more)
                pause = self.random.uniform(0, seconds * 1.1)
                ready = run.ready_after(pause)
                if ready is not None:
                    self.starts.append(ready)
                    time.sleep(max(0, pause - ready))
                moments.append(run.kill())
                done += 1
            last = Run(self.unspool, self.capture, self.out, self.work, [])
            ready = last.ready_after(60)
            self.starts.append(ready if ready is not None else 60)
            if last.end() != 0:
                self.failed('the run after the kills failed')
            self.check(expected, moments)
            for path in list(transfers_below(self.out)):
                if '---old-' not in path:
                    os.unlink(os.path.join(self.out, path))
            os.unlink(os.path.join(self.out, 'events.json'))
        slowest = max(self.starts)
        if slowest > START_LIMIT:
            self.failed(f'a start took {slowest:.2f} s')
        print(f'{kills} kills, {self.checked} entries checked, {self.settled} of them incomplete, {self.lost} whole ones without '
              f'event; slowest start {slowest:.3f} s')
        print(f'{len(self.starts)} passed, {len(self.failures)} failed')
        return not self.failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('unspool')
    parser.add_argument('--capture')
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--files', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--dir', default=None)
    arguments = parser.parse_args()
    work = tempfile.mkdtemp(prefix='kill_soak.', dir=arguments.dir)
    try:
        sys.exit(0 if Soak(arguments, work).run(arguments.kills, arguments.files) else 1)
    finally:
        shutil.rmtree(work)


main()

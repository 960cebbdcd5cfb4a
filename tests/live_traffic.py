"""Traffic for scripts that let unspool listen: a network namespace of one's own with the veth pair va - vb, and a sender.

Without a command line; see soak.py, kill_soak.py, disk_trouble.py and frozen_shard.py.
"""
import contextlib, ctypes, hashlib, itertools, json, os, random, re, shutil, signal, socket, struct, subprocess, sys, threading, time

MARK = 'UNSPOOL_OWN_NETWORK'


def enter_own_network():
    """Starts the script again in namespaces of its own (network, mounts), with va and vb up; a message where that cannot be."""
    if os.environ.get(MARK) == 'yes':
        with contextlib.suppress(OSError), open('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'w') as file:
            file.write('1')  # interfaces say nothing by themselves
        for line in ('add va type veth peer name vb', 'set va mtu 65535 up', 'set vb mtu 65535 up'):
            subprocess.run(['ip', 'link', *line.split()], check=True)
        return
    for missing in [tool for tool in ('ip', 'unshare') if not shutil.which(tool)]:
        sys.exit(skipped(f'no {missing}'))
    if os.geteuid() != 0:
        sys.exit(skipped('needs root, to make a network namespace'))
    if subprocess.run(['unshare', '-n', '-m', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
        sys.exit(skipped('a network namespace cannot be made here'))
    os.environ[MARK] = 'yes'
    os.execvp('unshare', ['unshare', '-n', '-m', '--propagation', 'private', sys.executable, *sys.argv])


def skipped(why):
    print('skipped:', why)
    return 0


# ---- packets

def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ip4(source, destination, protocol, payload):
    """An Ethernet frame; only IP's own checksum is right, as on a host that leaves the others to its card."""
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0, source, destination)
    head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
    return b'\2\0\0\0\0\2\2\0\0\0\0\1\x08\0' + head + payload


def tcp(source, destination, ports, seq, ack, flags, payload=b''):
    head = struct.pack('!HHIIBBHHH', *ports, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 65535, 0, 0)
    return ip4(source, destination, 6, head + payload)


def udp(source, destination, ports, payload):
    return ip4(source, destination, 17, struct.pack('!HHHH', *ports, 8 + len(payload), 0) + payload)


SYN, FIN, ACK, PUSH = 2, 1, 16, 8


def http_session(n, body, client=None, server=None, close=True):
    """GET /file-n and its reply of those bytes; the frames one by one."""
    client, server = client or bytes([10, 0, n % 7, 5]), server or bytes([10, 1, n % 3, 9])
    port = 2000 + n % 60000
    to = lambda *rest: tcp(client, server, (port, 80), *rest)
    back = lambda *rest: tcp(server, client, (80, port), *rest)
    request = b'GET /file-%d HTTP/1.1\r\nHost: a\r\n\r\n' % n
    reply = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body
    yield to(99, 0, SYN)
    yield back(499, 100, SYN | ACK)
    yield to(100, 500, PUSH | ACK, request)
    ours = 100 + len(request)
    for at in range(0, len(reply), 1400):
        yield back(500 + at, ours, PUSH | ACK, reply[at:at + 1400])
        yield to(ours, 500 + at + len(reply[at:at + 1400]), ACK)
    theirs = 500 + len(reply)
    if close:
        yield to(ours, theirs, FIN | ACK)
        yield back(theirs, ours + 1, FIN | ACK)
        yield to(ours + 1, theirs + 1, ACK)


def in_turn(sessions, at_a_time):
    """The frames of sessions that overlap, `at_a_time` of them."""
    waiting, open_ones = iter(sessions), []
    while True:
        open_ones += itertools.islice(waiting, at_a_time - len(open_ones))
        if not open_ones:
            return
        for one in list(open_ones):
            frame = next(one, None)
            if frame is None:
                open_ones.remove(one)
            else:
                yield frame


def renumbered(frames):
    """Those frames again and again, each time with other clients: hosts 10.x.0.0 become 10.x.R.R in round R, so that sessions are new."""
    table = []
    for frame in map(bytearray, frames):
        at = next((at for at in (26, 30) if frame[at] == 10 and frame[at + 2:at + 4] == b'\0\0'), None)
        table.append((frame, at, ~struct.unpack_from('!H', frame, 24)[0] & 0xffff))
    write = struct.Struct('!H').pack_into
    for number in itertools.count(1):
        word = number & 0xffff
        for frame, at, others in table:
            if at is None:
                continue
            total = others + word
            write(frame, 24, ~((total & 0xffff) + (total >> 16)) & 0xffff)
            write(frame, at + 2, word)
        yield [frame for frame, _, _ in table]


def write_capture(path, frames, gap=2, began=1_160_000_000):
    """`gap` microseconds between two frames."""
    with open(path, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n, frame in enumerate(frames):
            at = n * gap
            file.write(struct.pack('<IIII', began + at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame)


# ---- on the wire

class Sender:
    """A process that sends frames on va, `rate` of them a second, in small bursts. Time that the machine takes from it is not caught up."""

    BURST = 0.005

    def __init__(self, rounds, rate, nice=0):
        """`rounds`: lists of frames, one after the other."""
        self.pid = os.fork()
        if self.pid:
            return
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            end_with_parent()
            os.nice(nice)
            self.send(rounds, rate)
        finally:
            os._exit(0)

    def send(self, rounds, rate):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wire.bind(('va', 0))
        burst, due, left = max(1, round(rate * self.BURST)), time.monotonic(), 0
        for frames in rounds:
            for frame in frames:
                if left == 0:
                    left = burst
                    due = max(due + burst / rate, time.monotonic() - 0.02)
                    time.sleep(max(0, due - time.monotonic()))
                left -= 1
                while True:
                    try:
                        wire.send(frame)
                        break
                    except OSError:
                        time.sleep(0.0005)  # the queue of the device is full

    def wait(self):
        """Until all was sent."""
        os.waitpid(self.pid, 0)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self.wait()


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Running:
    """One start of the program, with a socket on which it says that it is ready."""

    def __init__(self, words, work, before_exec=None):
        address = os.path.join(work, 'notify')
        if os.path.exists(address):
            os.unlink(address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        os.chmod(address, 0o777)  # for whoever it becomes
        self.is_ready, self.took = threading.Event(), None
        self.began = time.monotonic()

        def in_child():
            end_with_parent()
            if before_exec:
                before_exec()

        self.process = subprocess.Popen(words, env=dict(os.environ, NOTIFY_SOCKET=address), stdout=subprocess.DEVNULL,
                                        preexec_fn=in_child)
        self.pid = self.process.pid
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while message := self.socket.recv(4096):
            if b'READY=1' in message:
                self.took = time.monotonic() - self.began
                self.is_ready.set()

    def ready_after(self, most):
        """In seconds; None: not within so many."""
        return self.took if self.is_ready.wait(max(most, 0.001)) else None

    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Waits for it; its exit code."""
        code = self.process.wait()
        self.socket.shutdown(socket.SHUT_RDWR)
        return code

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.end()

    def kill(self):
        """When that was."""
        self.signal(signal.SIGKILL)
        at = time.time()
        self.end()
        return at


def listening(unspool, out, work, more=(), before_exec=None):
    """On vb, and ready."""
    run = Running([unspool, '-q', '-i', 'vb', '-o', out, '--append', *more], work, before_exec)
    if run.ready_after(20) is None:
        run.kill()
        sys.exit('unspool does not become ready')
    return run


def status(pid, name):
    """A line of /proc/PID/status, in KiB where it is memory."""
    with open(f'/proc/{pid}/status') as file:
        for line in file:
            if line.startswith(name + ':'):
                return int(line.split()[1])
    raise KeyError(name)


def processor_seconds(pid):
    with open(f'/proc/{pid}/stat') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


# ---- what came of it

def event_lines(path):
    """Each line of an events.json but one that is not yet finished; ValueError with its place where one is none."""
    with open(path, 'rb') as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b'\n'):
                return
            try:
                yield json.loads(line)
            except ValueError:
                raise ValueError(f'{path}:{number}: {line[:120]}') from None


def transfers_below(out):
    """Path below `out`, for each entry."""
    for directory, _, names in os.walk(os.path.join(out, 'transfers')):
        for name in names:
            yield os.path.relpath(os.path.join(directory, name), out)


class Bodies:
    """The files that HTTP sessions carry, known again by the port of the client: paths are not told of sessions that began before the
    start."""

    CLIENT_PORT = re.compile(r'~(\d+)-')

    def __init__(self, sizes):
        self.bodies = [random.Random(n).randbytes(size) for n, size in enumerate(sizes)]

    def sessions(self):
        for n, body in enumerate(self.bodies):
            yield http_session(n, body, client=bytes([10, n % 7, 0, 0]), server=bytes([172, 16, n % 3, 9]))

    def wanted(self, name):
        return self.bodies[int(self.CLIENT_PORT.search(name)[1]) - 2000]


class Transfers:
    """What is below transfers/, and in events of it: `files`, the paths of each name, and `told`, the event of each name."""

    def __init__(self, out, but=None):
        """Names with `but` in them are somebody else's."""
        self.out, self.files, self.told, self.lines = out, {}, {}, 0
        self.stats = None
        for path in transfers_below(out):
            if but is None or but not in path:
                self.files.setdefault(os.path.basename(path), []).append(path)
        for event in event_lines(os.path.join(out, 'events.json')):
            self.lines += 1
            if event['event_type'] == 'stats':
                self.stats = event['stats']
            if event['event_type'] == 'fileinfo' and 'transfer' in event.get('unspool', {}):
                self.told[os.path.basename(event['unspool']['transfer'])] = event

    def says_whole(self, name):
        event = self.told.get(name)
        return not name.endswith('.incomplete') and (event is None or event['fileinfo']['state'] == 'CLOSED')

    def gone(self):
        """What has an event and is not there."""
        return set(self.told) - set(self.files)

    def complaints(self, wanted):
        """`wanted`: what should be in the file of a name; None: there is no such file."""
        for name, paths in self.files.items():
            absolute = [os.path.join(self.out, path) for path in paths]
            if len(paths) != 2 or not os.path.samefile(*absolute):
                yield f'{name}: is not one file under two hosts'
            with open(absolute[0], 'rb') as file:
                data = file.read()
            body, event = wanted(name), self.told.get(name)
            if body is None:
                yield f'{name}: nobody knows it'
            elif data != body if self.says_whole(name) else not is_part(data, body):
                yield f'{name}: {len(data)} bytes, not as they should be'
            if event and hashlib.sha256(without(data, event['unspool'].get('gaps', []))).hexdigest() != event['fileinfo']['sha256']:
                yield f'{name}: has another digest than its event says'


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

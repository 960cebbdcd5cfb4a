#!/usr/bin/env python3
"""One shard of three stands still while unspool listens: what becomes of the sessions of the others, and of its own?

usage: frozen_shard.py UNSPOOL [--seed N]

ptrace(2) stops its thread alone; a signal would stop all. Then HTTP sessions between 24 pairs of hosts come over veth, some of which
end, and some of which go on when the thread does. It passes when
 - while the thread stands still, all sessions of some pairs are told, and their transfers written, as when the same is read from a file;
 - of the other pairs nothing is, until the thread goes on; what did not fit into its ring is counted as capture.ring_dropped, to the
   packet, and each gap in their sessions has the cause capture_drop;
 - sessions of pairs that lost nothing are told as from the file.
Skipped, with a message, where it cannot make a namespace or trace.
"""
import argparse, ctypes, json, os, random, shutil, sys, tempfile, time

from live_traffic import (Bodies, Running, Sender, Transfers, enter_own_network, event_lines, http_session, in_turn, listening,
                          skipped, write_capture)

WORKERS, FROZEN = 3, 'shard 1'
PAIRS, SESSIONS = 24, 96
RATE = 5000
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
EVERY_THREAD = 0x40000000  # __WALL


class Frozen:
    """A thread that stands still until it is let go. Both by the same thread of ours."""

    def __init__(self, pid, name):
        while not (found := [int(task) for task in os.listdir(f'/proc/{pid}/task') if self.name_of(pid, task) == name]):
            time.sleep(0.01)  # threads name themselves
        self.thread = found[0]
        self.trace = ctypes.CDLL(None, use_errno=True).ptrace
        self.trace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        if self.trace(SEIZE, self.thread, None, None) != 0:
            raise PermissionError(os.strerror(ctypes.get_errno()))
        assert self.trace(INTERRUPT, self.thread, None, None) == 0
        os.waitpid(self.thread, EVERY_THREAD)

    @staticmethod
    def name_of(pid, task):
        with open(f'/proc/{pid}/task/{task}/comm') as file:
            return file.read().strip()

    def let_go(self):
        assert self.trace(DETACH, self.thread, None, None) == 0


class Story:
    """Sessions of PAIRS pairs of hosts: the first half ends while the thread stands still, the second goes on after it."""

    def __init__(self, unspool, work, seed):
        self.unspool, self.work, self.failures = unspool, work, []
        self.bodies = Bodies([60_000 + 211 * n for n in range(SESSIONS)])
        sessions = [list(http_session(n, body, bytes([10, 7, 0, self.pair(n)]), bytes([172, 16, 0, self.pair(n)])))
                    for n, body in enumerate(self.bodies.bodies)]
        half = SESSIONS // 2
        ending, going_on = sessions[:half], sessions[half:]
        random.Random(seed).shuffle(ending)
        # What goes on begins while the ring has room, and says more when it has none.
        self.first = [*self.mixed(going_on, 0, 6), *self.mixed(ending), *self.mixed(going_on, 6, 12)]
        self.second = self.mixed(going_on, 12)

    @staticmethod
    def mixed(sessions, begin=0, end=None):
        return list(in_turn([iter(frames[begin:end]) for frames in sessions], 12))

    @staticmethod
    def pair(n):
        return n % PAIRS + 1

    def failed(self, what):
        self.failures.append(what)
        print('FAILED:', what)

    def events(self, out, kind):
        path = os.path.join(out, 'events.json')
        return [event for event in event_lines(path) if event['event_type'] == kind] if os.path.exists(path) else []

    def from_file(self):
        """What is told of each session, by the client's port."""
        capture, out = os.path.join(self.work, 'same.pcap'), os.path.join(self.work, 'file')
        write_capture(capture, self.first + self.second, gap=200)
        if Running([self.unspool, '-q', '-r', capture, '-o', out, '-j', str(WORKERS), '--set', 'protocols=[http]'], self.work).end() != 0:
            sys.exit('the capture cannot be read')
        return self.told(out)

    def told(self, out):
        """Of each session, by the client's port: what does not depend on when that was."""
        told = {}
        for event in self.events(out, 'flow'):
            counts = {key: count for key, count in event['flow'].items() if key.startswith(('pkts', 'bytes'))}
            told.setdefault(event['src_port'], []).append(('flow', counts, event['unspool']))
        for event in self.events(out, 'fileinfo'):
            gaps = event['unspool'].get('gaps', [])
            told.setdefault(event['src_port'], []).append(('fileinfo', event['fileinfo'], gaps))
        return {port: sorted(json.dumps(one, sort_keys=True) for one in all_of_it) for port, all_of_it in told.items()}

    def tell(self):
        expected = self.from_file()
        if len(expected) != SESSIONS:
            sys.exit(f'{len(expected)} sessions are in the capture, not {SESSIONS}')
        options = ['-j', str(WORKERS), '--set', 'protocols=[http]', '--set', 'capture.queue=1MiB', '--set', 'timeouts.closed=1s',
                   '--set', 'events.stats_interval=1s',
                   '--set', 'overload.shed=[]']  # else one ring that is full has bodies of all sessions left out
        out = os.path.join(self.work, 'live')
        run = listening(self.unspool, out, self.work, options)
        try:
            frozen = Frozen(run.pid, FROZEN)
        except PermissionError as why:
            run.stop()
            return skipped(f'no thread can be traced here: {why}')
        Sender([self.first], RATE).wait()
        time.sleep(3.5)  # for sessions to be told, and written
        self.judge_while_frozen(out, expected)
        frozen.let_go()
        time.sleep(1)
        Sender([self.second], RATE).wait()
        time.sleep(0.5)
        if run.stop() != 0:
            self.failed('it ended with an error')
        self.judge_at_last(out, expected)
        return len(self.failures)

    def judge_while_frozen(self, out, expected):
        told = self.told(out)
        by_pair = {}
        for n in range(SESSIONS // 2):
            same = told.get(2000 + n) == expected[2000 + n]
            if not same and 2000 + n in told:
                self.failed(f'session {n} is told otherwise than from the file: {told[2000 + n]}, {expected[2000 + n]}')
            by_pair.setdefault(self.pair(n), set()).add(same)
        mixed = [pair for pair, answers in by_pair.items() if len(answers) == 2]
        if mixed:
            self.failed(f'of pairs {mixed} some sessions are told and some are not')
        self.others = {pair for pair, answers in by_pair.items() if answers == {True}}
        if not PAIRS / 3 <= len(self.others) < PAIRS:
            self.failed(f'{len(self.others)} of {PAIRS} pairs are told while one shard of {WORKERS} stands still')

    def judge_at_last(self, out, expected):
        told, lost, whole, gaps = self.told(out), 0, 0, 0
        for n in range(SESSIONS):
            if self.pair(n) in self.others and told.get(2000 + n) != expected[2000 + n]:
                self.failed(f'session {n}, of another shard, is told otherwise than from the file')
            whole += told.get(2000 + n) == expected[2000 + n]
        heard = 0
        for flow in self.events(out, 'flow'):
            heard += flow['flow']['pkts_toserver'] + flow['flow']['pkts_toclient']
            for stream in flow['unspool']['streams']:
                for offset, length, cause in stream.get('gaps', []):
                    gaps += 1
                    if cause not in ('capture_drop',):
                        self.failed(f'port {flow["src_port"]}: a gap of {length} at {offset} has the cause {cause}')
                    if self.pair(flow['src_port'] - 2000) in self.others:
                        self.failed(f'port {flow["src_port"]}: a gap in a session of another shard')
        found = Transfers(out)
        for complaint in found.complaints(self.bodies.wanted):
            self.failed(complaint)
        capture = found.stats['capture']
        sent = len(self.first) + len(self.second)
        if capture['packets'] != sent or capture['dropped']:
            self.failed(f'{capture["packets"]} packets of {sent} came, {capture["dropped"]} were dropped by the kernel')
        if heard + capture['ring_dropped'] != sent:
            self.failed(f'{heard} packets are told of in sessions, {capture["ring_dropped"]} as dropped; {sent} were sent')
        if capture['ring_dropped'] == 0 or gaps == 0:
            self.failed('nothing was lost: the ring took all')
        print(f'{len(self.others)} pairs of {PAIRS} told as from the file while a shard stood still; at last {whole} sessions of '
              f'{SESSIONS} are; of {sent} packets {capture["ring_dropped"]} did not fit into the ring of the other, {gaps} gaps; '
              f'{len(self.failures)} failures')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('unspool')
    parser.add_argument('--seed', type=int, default=1)
    arguments = parser.parse_args()
    enter_own_network()
    work = tempfile.mkdtemp(prefix='frozen_shard.', dir='/dev/shm')
    try:
        sys.exit(1 if Story(arguments.unspool, work, arguments.seed).tell() else 0)
    finally:
        shutil.rmtree(work)


if __name__ == '__main__':
    main()

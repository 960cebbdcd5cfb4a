#!/usr/bin/env python3
"""What becomes of unspool while it listens and its disk, or its share of descriptors, gives out.

usage: disk_trouble.py UNSPOOL [--seconds N] [STORY...]

Each story in a file system of its own, in namespaces of its own, with HTTP sessions that go on all the time: a full disk, one without
inodes, one that keeps itself from filling up, directories that may not be written to (as root, and as nobody), 48 open transfers with
32 descriptors. The trouble lasts for --seconds. It passes when the process lives, goes on decoding, leaves nothing half-finished in
transfers/, and writes again within five seconds of the cure; what it then has is whole and right by its digest.
Skipped, with a message, where it cannot make a namespace.
"""
import argparse, contextlib, os, resource, shutil, subprocess, sys, tempfile, time

from live_traffic import (Bodies, Sender, Transfers, enter_own_network, event_lines, in_turn, listening, renumbered, skipped,
                          transfers_below)

RECOVERY_LIMIT = 5.0
RATE = 3000


def do(*words):
    subprocess.run(words, check=True)


class Disk:
    """A small file system; `out` on it."""

    def __init__(self, work, options):
        self.path = os.path.join(work, 'disk')
        os.mkdir(self.path)
        os.chmod(work, 0o755)
        do('mount', '-t', 'tmpfs', '-o', options, 'none', self.path)
        self.out = os.path.join(self.path, 'out')

    def remount(self, options):
        do('mount', '-o', f'remount,{options}', self.path)

    def directories(self):
        """Where files are made."""
        transfers = os.path.join(self.out, 'transfers')
        hosts = [os.path.join(transfers, host) for host in os.listdir(transfers)]
        return [self.out, os.path.join(self.out, 'partial'), transfers, *hosts]

    def free_inodes(self):
        return os.statvfs(self.path).f_favail

    def free_bytes(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize


class Story:
    mount = 'size=64m'
    words = ('protocols=[http]', 'events.stats_interval=1s', 'transfers.low_space=0')
    sizes = [5_000 + 37_300 * n % 90_000 for n in range(100)]
    AT_A_TIME = 10
    events_go_on = True  # they have room

    def __init__(self, unspool, work, seconds):
        self.seconds, self.work, self.failures = seconds, work, []
        self.disk = Disk(work, self.mount)
        self.bodies = Bodies(self.sizes)
        options = [word for option in self.words for word in ('--set', option)]
        self.run = listening(unspool, self.disk.out, work, options, self.before_exec)
        self.sender = self.send()

    before_exec = None

    def send(self):
        return Sender(renumbered(list(in_turn(self.bodies.sessions(), self.AT_A_TIME))), RATE)

    def failed(self, what):
        self.failures.append(what)
        print(f'FAILED: {type(self).__name__}: {what}')

    def transfers(self):
        return set(transfers_below(self.disk.out))

    def comes_true(self, condition, limit):
        until = time.monotonic() + limit
        while time.monotonic() < until:
            if condition():
                return True
            time.sleep(0.02)
        return False

    def packets(self):
        """As of the last `stats`."""
        count = 0
        for event in event_lines(os.path.join(self.disk.out, 'events.json')):
            if event['event_type'] == 'stats':
                count = event['stats']['capture']['packets']
        return count

    def trouble(self):
        """Waits until it is there."""

    def cure(self):
        pass

    def tell(self):
        if not self.comes_true(lambda: len(self.transfers()) > 4, 5):
            self.failed('it writes nothing, even before the trouble')
        self.trouble()
        before = self.packets()
        time.sleep(self.seconds)
        if self.events_go_on and not self.comes_true(lambda: self.packets() > before, 3):
            self.failed('it does not go on decoding, or telling of it')
        if not self.run.is_running():
            return self.failed('it ended')
        there = self.transfers()
        self.cure()
        began = time.monotonic()
        if not self.comes_true(lambda: self.transfers() - there, RECOVERY_LIMIT):
            self.failed(f'nothing is written {RECOVERY_LIMIT} s after the cure')
        self.recovered = time.monotonic() - began
        time.sleep(0.5)

    def end(self):
        """What it has to show at last."""
        self.sender.stop()
        time.sleep(0.3)
        code = self.run.stop()
        if code not in (0, 1):
            self.failed(f'it ended with code {code}')
        found = Transfers(self.disk.out)
        for complaint in found.complaints(self.bodies.wanted):
            self.failed(complaint)
        if len(found.gone()) != found.stats['transfers']['removed']['files']:
            self.failed(f'{len(found.gone())} files that events tell of are gone')
        partial = os.path.join(self.disk.out, 'partial')
        if os.path.exists(partial) and os.listdir(partial):
            self.failed('partial/ is not empty')
        stats = found.stats
        if stats['capture']['dropped'] or stats['capture']['ring_dropped']:
            self.failed(f'packets were dropped: {stats["capture"]["dropped"]} and {stats["capture"]["ring_dropped"]}')
        self.judge(found)
        writing = stats['transfers']['writing']
        print(f'{type(self).__name__}: {len(found.files)} files, {stats["transfers"]["incomplete"]} incomplete, '
              f'{stats["transfers"]["not_stored"]} not stored, {stats["transfers"]["removed"]["files"]} removed; '
              f'{writing["pauses"]} pauses, {stats["events"]["lost"]} events lost, exit {code}; '
              f'written again after {self.recovered:.2f} s, {len(self.failures)} failures')

    def judge(self, found):
        """What else is to be so. Unless a story says otherwise, the trouble was waited for and cost nothing."""
        if found.stats['transfers']['writing']['pauses'] == 0:
            self.failed('writing was not paused')
        if found.stats['transfers']['not_stored'] or found.stats['transfers']['writing']['bytes_left_out']:
            self.failed('something is not stored')


class FullDisk(Story):
    mount = 'size=1m'
    events_go_on = False

    def trouble(self):
        if not self.comes_true(lambda: self.disk.free_bytes() == 0, 5):
            self.failed('the disk does not fill up')

    def cure(self):
        self.disk.remount('size=256m')


class DiskWithoutInodes(Story):
    mount = 'size=64m,nr_inodes=20'

    def trouble(self):
        # A link takes one too: the first of two may come to be, and go again.
        if not self.comes_true(lambda: self.disk.free_inodes() <= 1, 5):
            self.failed('the inodes do not run out')

    def cure(self):
        self.disk.remount('nr_inodes=20000')


class SmallDiskThatIsKeptFree(Story):
    """Needs no cure: what is oldest goes."""

    mount = 'size=16m'
    words = Story.words[:-1]

    def trouble(self):
        if not self.comes_true(lambda: self.disk.free_bytes() < 5 << 19, 15):
            self.failed('the disk does not fill up')

    def judge(self, found):
        if found.stats['transfers']['removed']['files'] == 0:
            self.failed('nothing was removed')


class ImmutableDirectories(Story):
    """chattr +i: not even root may."""

    def trouble(self):
        self.closed = self.disk.directories()
        do('chattr', '+i', *self.closed)

    def cure(self):
        do('chattr', '-i', *self.closed)

    def judge(self, found):
        judge_closed_directories(self, found)


class DirectoriesWithoutRights(Story):
    words = (*Story.words, 'process.user=nobody')

    def trouble(self):
        self.closed = self.disk.directories()
        do('chmod', 'a-w', *self.closed)

    def cure(self):
        do('chmod', 'u+w', *self.closed)

    def judge(self, found):
        judge_closed_directories(self, found)


def judge_closed_directories(story, found):
    """What grew just then may have no place under hosts that had one already; nothing else is lost."""
    if found.stats['transfers']['writing']['pauses'] == 0:
        story.failed('writing was not paused')
    if found.stats['transfers']['not_stored'] > story.AT_A_TIME:
        story.failed('more is not stored than grew at the time')


class FewDescriptors(Story):
    sizes = [150_000 + n for n in range(96)]

    @staticmethod
    def before_exec():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    def send(self):
        return Sender([list(in_turn(self.bodies.sessions(), 48))], RATE)

    def tell(self):
        began = time.monotonic()
        open_ones = 0
        while len(self.transfers()) < 2 * len(self.sizes) and time.monotonic() < began + 20:
            with contextlib.suppress(FileNotFoundError):
                open_ones = max(open_ones, len(os.listdir(os.path.join(self.disk.out, 'partial'))))
            time.sleep(0.02)
        if not self.run.is_running():
            return self.failed('it ended')
        if open_ones < 40:
            self.failed(f'only {open_ones} files grew at a time')
        self.recovered = 0

    def judge(self, found):
        whole = [name for name in found.files if found.says_whole(name)]
        if len(whole) != len(self.sizes):
            self.failed(f'{len(whole)} whole files, of {len(self.sizes)}')


STORIES = {story.__name__: story for story in (FullDisk, DiskWithoutInodes, SmallDiskThatIsKeptFree, ImmutableDirectories,
                                               DirectoriesWithoutRights, FewDescriptors)}


def can_be_immutable(work):
    path = os.path.join(work, 'disk')
    return subprocess.run(['chattr', '+i', path], stderr=subprocess.DEVNULL).returncode == 0 and not do('chattr', '-i', path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('unspool')
    parser.add_argument('--seconds', type=float, default=3)
    parser.add_argument('stories', nargs='*', metavar='STORY', help=', '.join(STORIES))
    arguments = parser.parse_intermixed_args()
    enter_own_network()
    failures = 0
    for name in arguments.stories or STORIES:
        work = tempfile.mkdtemp(prefix='disk_trouble.')
        story = STORIES[name](arguments.unspool, work, arguments.seconds)
        try:
            if name == 'ImmutableDirectories' and not can_be_immutable(work):
                print(f'{name}: skipped: no file there can be made immutable (chattr +i)')
                story.sender.stop()
                story.run.stop()
                continue
            story.tell()
            story.end()
        finally:
            do('umount', '-l', story.disk.path)
            shutil.rmtree(work)
        failures += len(story.failures)
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()

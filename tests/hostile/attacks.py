"""What hostile converters try. Each attack is the body of a function that returns whether it got through.

``host`` tells where the targets are: a file, a folder, listeners and a process that exist to be attacked, so
nothing is harmed even if a rule is switched off. ``call(name, ...)`` is a raw system call. An attack is held
when it returns something false or is refused with an error that says so; any other error is a fault in the
attack itself, so a typing mistake can't pass for a defence.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Attack:
    """One thing to try."""

    kind: str
    name: str
    body: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.name}"


def plugin_of(attacks: Iterable[Attack]) -> str:
    """One converter that can do all of them; the option ``attack`` says which."""
    functions = (
        f"def {attack}(host, source):\n{textwrap.indent(attack.body, '    ')}\n" for attack in attacks
    )
    return "\n".join([*functions, _CONVERT])


_CONVERT: Final = """
def convert(source, options):
    try:
        answer = "BREACH" if globals()[options.attack](options.host, source) else "held"
    except OSError as error:
        answer = "held" if error.errno in HELD else f"fault: {error!r}"
    except Exception as error:
        answer = f"fault: {error!r}"
    yield report(sn=answer[:90])
"""


def _table(kind: str, rows: dict[str, str]) -> tuple[Attack, ...]:
    return tuple(Attack(kind, name, textwrap.dedent(body).strip()) for name, body in rows.items())


FILES: Final = _table(
    "files",
    {
        "read_by_path": "return open(host['secret']).read()",
        "read_relative": "return open(os.path.relpath(host['secret'])).read()",
        "read_through_proc_root": "return open('/proc/self/root' + host['secret']).read()",
        "read_through_proc_cwd": "return open('/proc/self/cwd/' + os.path.relpath(host['secret'])).read()",
        "read_with_raw_openat": "return call('openat', -100, host['secret'].encode(), os.O_RDONLY, 0) >= 0",
        "read_with_openat2": """
            how = struct.pack('QQQ', os.O_RDONLY, 0, 0)
            return call('openat2', -100, host['secret'].encode(), how, len(how)) >= 0
        """,
        "read_through_path_descriptor": """
            path = os.open(host['secret'], os.O_PATH)
            return open(f'/proc/self/fd/{path}').read()
        """,
        "read_by_handle": """
            handle = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 136)
            return reached('name_to_handle_at', -100, host['secret'].encode(), handle, handle, 0)
        """,
        "read_after_chdir": "os.chdir(host['folder'])\nreturn open('secret').read()",
        "read_with_sqlite": """
            import sqlite3
            try:
                base = sqlite3.connect(f"file:{host['secret']}?mode=ro", uri=True)
                base.execute('pragma schema_version')
            except sqlite3.OperationalError as error:
                return 'unable to open' not in str(error)
            except sqlite3.DatabaseError:
                return True
        """,
        "read_with_an_xml_entity": """
            from lxml import etree
            text = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{host["secret"]}">]><r>&x;</r>'
            try:
                return 'hush' in (etree.fromstring(text, etree.XMLParser(resolve_entities=True)).text or '')
            except etree.XMLSyntaxError:
                return False
        """,
        "read_as_url": """
            import urllib.error, urllib.request
            try:
                return urllib.request.urlopen('file://' + host['secret']).read()
            except urllib.error.URLError as error:
                raise error.reason if isinstance(error.reason, OSError) else error
        """,
        "read_the_neighbour_in_the_drop_folder": "return open(host['neighbour']).read()",
        "read_the_project": "return open(host['project'] + '/pyproject.toml').read()",
        "read_the_users": "return open('/etc/passwd').read()",
        "read_the_host_name": "return open('/etc/hostname').read()",
        "read_environment_of_owner": "return open(f\"/proc/{host['owner']}/environ\").read()",
        "read_command_lines": "return open('/proc/1/cmdline').read()",
        "read_memory_of_zygote": "return os.pread(os.open(f'/proc/{os.getppid()}/mem', os.O_RDONLY), 1, 4096)",
        "read_maps_of_itself": "return open('/proc/self/maps').read()",
        "read_where_the_owner_is": "return os.readlink(f\"/proc/{host['owner']}/cwd\")",
        "read_what_the_owner_has_open": "return os.listdir(f\"/proc/{host['owner']}/fd\")",
        "read_kernel_log": """
            try:
                return open('/dev/kmsg').read(1)
            except FileNotFoundError:  # in a container
                return False
        """,
        "read_disk": """
            for disk in ('/dev/sda', '/dev/vda', '/dev/nvme0n1', '/dev/loop0'):
                try:
                    return open(disk, 'rb')
                except FileNotFoundError:
                    continue
        """,
        "read_terminal": "return open('/dev/tty')",
        "list_folder": "return os.listdir(host['folder'])",
        "list_root": "return os.listdir('/')",
        "list_processes": "return os.listdir('/proc')",
        "list_scratch_of_others": "return os.listdir('..')",
        "watch_folder": "return reached('inotify_init1', 0)",
        "watch_everything": "return reached('fanotify_init', 0, 0)",
        "make_file": "return open(host['folder'] + '/new', 'w')",
        "make_file_in_tmp": "return open('/tmp/wats-attack', 'w')",
        "make_shared_memory_file": "return open('/dev/shm/wats-attack', 'w')",
        "make_file_beside_scratch": "return open('../wats-attack', 'w')",
        "make_file_in_site_packages": "return open(os.path.dirname(json.__file__) + '/wats-attack.py', 'w')",
        "change_our_code": "return open(wsjf.__file__, 'a')",
        "make_folder": "os.mkdir(host['folder'] + '/new')\nreturn True",
        "append": "return open(host['secret'], 'a')",
        "truncate": "os.truncate(host['secret'], 0)\nreturn True",
        "truncate_while_opening": "return os.open(host['secret'], os.O_RDONLY | os.O_TRUNC) >= 0",
        "truncate_with_creat": "return reached('creat', host['secret'].encode(), 0o600)",
        "remove": "os.unlink(host['secret'])\nreturn True",
        "remove_scratch": "os.rmdir(os.getcwd())\nreturn True",
        "rename": "os.rename(host['secret'], host['folder'] + '/other')\nreturn True",
        "move_in": "os.rename(host['secret'], 'mine')\nreturn True",
        "move_out": "open('mine', 'w').close()\nos.rename('mine', host['folder'] + '/planted')\nreturn True",
        "exchange": "open('mine', 'w').close()\nreturn reached('renameat2', -100, b'mine', -100, host['secret'].encode(), 2)"
        " and open('mine').read()",
        "link_in": "os.link(host['secret'], 'mine')\nreturn True",
        "link_out": "open('mine', 'w').close()\nos.link('mine', host['folder'] + '/planted')\nreturn True",
        "symbolic_link": "os.symlink(host['secret'], 'mine')\nreturn True",
        "folder_nobody_can_enter": "os.mkdir('closed', 0)\nreturn True",
        "folder_nobody_can_enter_by_mask": """
            os.umask(0o777)
            os.mkdir('closed')
            return os.stat('closed').st_mode & 0o700 != 0o700
        """,
        "make_pipe": "os.mkfifo('pipe')\nreturn True",
        "make_device": "os.mknod('disk', 0o60600, os.makedev(8, 0))\nreturn True",
        "change_mode": "os.chmod(host['secret'], 0o777)",
        "change_mode_of_own_file": """
            with open('mine', 'w') as mine:
                os.fchmod(mine.fileno(), 0o4755)
            return os.stat('mine').st_mode & 0o4111
        """,
        "change_owner": "os.chown(host['secret'], 1, 1)\nreturn True",
        "change_time": "os.utime(host['secret'], (0, 0))",
        "touch": "os.utime(host['secret'])\nreturn True",
        "set_attribute": "os.setxattr(host['secret'], 'user.attack', b'x')\nreturn True",
        "write_the_file_to_convert": """
            (mine,) = (n for n, status in descriptors() if n > 2 and status.st_size == source.size)
            return os.open(f'/proc/self/fd/{mine}', os.O_RDWR) >= 0
        """,
        "write_it_through_a_mapping": """
            (mine,) = (n for n, status in descriptors() if n > 2 and status.st_size == source.size)
            return mmap.mmap(mine, 0, mmap.MAP_SHARED, mmap.PROT_WRITE)
        """,
        "lock_the_file_to_convert": "return any(reached('flock', n, 6) for n, _ in descriptors())",
        "lock_a_record": """
            with open('mine', 'w') as one, open('mine', 'w') as other:
                for file in (one, other):  # only a lock of the kernel's own keeps out the second
                    try:
                        fcntl.fcntl(file, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
                    except BlockingIOError:
                        return True
        """,
        "take_disk_beyond_the_limit": """
            with open('mine', 'w') as mine:
                call('fallocate', mine.fileno(), 1, 0, 1 << 23)
                return True
        """,
        "take_disk_beyond_the_limit_aloud": """
            with open('mine', 'w') as mine:
                try:
                    call('fallocate', mine.fileno(), 0, 0, 1 << 40)
                except OSError as error:
                    return error.errno not in (errno.EFBIG, errno.EPERM)
                return True
        """,
        "leave_a_device": """
            open('mine', 'w').close()
            return reached('renameat2', -100, b'mine', -100, b'other', 4)
        """,
        "go_past_the_cache": "return os.open('mine', os.O_RDWR | os.O_CREAT | os.O_DIRECT) >= 0",
        "go_past_the_cache_later": """
            with open('mine', 'w') as mine:
                return reached('fcntl', mine.fileno(), fcntl.F_SETFL, os.O_DIRECT)
        """,
        "keep_the_disk_busy": "return os.open('mine', os.O_RDWR | os.O_CREAT | os.O_SYNC) >= 0",
        "keep_the_disk_busy_by_halves": "return os.open('mine', os.O_WRONLY | os.O_CREAT | os.O_DSYNC) >= 0",
        "keep_the_disk_busy_write_by_write": """
            with open('mine', 'wb') as mine:
                return os.pwritev(mine.fileno(), [b'x'], 0, os.RWF_SYNC)
        """,
        "file_without_a_name": "return os.open('.', os.O_TMPFILE | os.O_RDWR) >= 0",
        "change_root": "return reached('chroot', b'.')",
        "core_pattern": "return open('/proc/sys/kernel/core_pattern', 'w')",
        "oom_score": "return open('/proc/self/oom_score_adj', 'w')",
        "control_group": "return open('/sys/fs/cgroup/cgroup.procs', 'w')",
        "inherited_descriptors": """
            found = list(descriptors())
            return len(found) > 6 or any(stat.S_ISDIR(status.st_mode) for _, status in found)
        """,
    },
)

NETWORK: Final = _table(
    "network",
    {
        "tcp": "socket.create_connection(('127.0.0.1', host['tcp'])).send(b'x')\nreturn True",
        "tcp_v6": "return socket.socket(socket.AF_INET6)",
        "multipath_tcp": "return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)",
        "udp": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', host['udp']))\nreturn True",
        "ping": "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)",
        "raw": "return socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)",
        "packet": "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "netlink": "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
        "unix_path": "socket.socket(socket.AF_UNIX).connect(host['unix'])\nreturn True",
        "unix_abstract": "socket.socket(socket.AF_UNIX).connect('\\0' + host['abstract'])\nreturn True",
        "unix_datagram": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', host['dgram'])\nreturn True",
        "unix_datagram_from_a_pair": """
            one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            one.sendto(b'x', host['dgram'])
            return True
        """,
        "unix_datagram_from_a_pair_with_flags": """
            one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            one.sendmsg([b'x'], [], 0, host['dgram'])
            return True
        """,
        "stream_pair_reconnected": """
            one, _ = socket.socketpair()
            one.connect(host['unix'])
            return True
        """,
        "stream_pair_to_an_address": "return socket.socketpair()[0].sendto(b'x', host['unix'])",
        "descriptors_over_a_pair": """
            one, _ = socket.socketpair()
            socket.send_fds(one, [b'x'], [0])
            return True
        """,
        "many_messages": "return reached('sendmmsg', 0, 0, 0, 0)",
        "virtual_machine_socket": "return socket.socket(socket.AF_VSOCK)",
        "crypto_socket": "return socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)",
        "bluetooth": "return reached('socket', 31, 1, 0)",
        "xdp": "return reached('socket', 44, 3, 0)",
        "listen": "return socket.create_server(('127.0.0.1', 0))",
        "listen_on_a_path": "socket.socket(socket.AF_UNIX).bind('mine')\nreturn True",
        "name_resolution": """
            try:
                return socket.getaddrinfo('example.com', 80)
            except socket.gaierror:
                return False
        """,
        "url": """
            import urllib.error, urllib.request
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{host['tcp']}", timeout=2)
            except urllib.error.URLError as error:
                raise error.reason
        """,
        "event_loop": "import asyncio\nreturn asyncio.run(asyncio.open_connection('127.0.0.1', host['tcp']))",
        "socket_with_a_wide_argument": "return reached('socket', 2 | 1 << 32, 1, 0)",
        "pair_with_a_wide_argument": """
            return reached('socketpair', 1 | 1 << 32, 2 | 1 << 33, 0, ctypes.create_string_buffer(8))
        """,
        "inherited_socket": """
            found = [number for number, status in descriptors() if stat.S_ISSOCK(status.st_mode)]
            return len(found) > 1 or socket.socket(fileno=found[0]).family != socket.AF_UNIX
        """,
    },
)

PROCESSES: Final = _table(
    "processes",
    {
        "fork": "return os.fork() or os._exit(0) or True",
        "subprocess": "import subprocess\nreturn subprocess.run(['/bin/true']).returncode == 0",
        "shell": "return os.system('true') == 0",
        "spawn": "return os.posix_spawn('/bin/true', ['true'], {}) > 0",
        "execute": "os.execv('/bin/true', ['true'])",
        "execute_by_descriptor": "return reached('execveat', -1, b'', 0, 0, 0)",
        "execute_itself": "os.execv(sys.executable, ['python'])",
        "multiprocessing": "import multiprocessing\nmultiprocessing.Process(target=print).start()\nreturn True",
        "clone_with_another_signal": "return reached('clone', 9, 0, 0, 0, 0)",
        "clone_a_parent": "return reached('clone', 0x8011, 0, 0, 0, 0)",
        "clone_with_namespaces": "return reached('clone', 0x10000011, 0, 0, 0, 0)",
        "clone3": "return reached('clone3', struct.pack('11Q', *[0] * 11), 88)",
        "thread": """
            try:
                threading.Thread(target=print).start()
            except RuntimeError:
                return False
            return True
        """,
        "kill": "os.kill(host['victim'], signal.SIGTERM)\nreturn True",
        "kill_owner_with_nothing": "os.kill(host['owner'], 0)\nreturn True",
        "kill_zygote": "os.kill(os.getppid(), signal.SIGKILL)\nreturn True",
        "kill_everybody_with_nothing": "os.kill(-1, 0)\nreturn True",
        "kill_group_with_nothing": "os.killpg(0, 0)\nreturn True",
        "kill_thread": "return reached('tgkill', host['victim'], host['victim'], 0)",
        "kill_by_handle": "return signal.pidfd_send_signal(os.pidfd_open(host['victim']), 0) or True",
        "queue_signal": "return reached('rt_sigqueueinfo', host['victim'], 10, bytes(128))",
        "signal_through_a_descriptor": """
            mine, _ = socket.socketpair()
            fcntl.fcntl(mine, fcntl.F_SETOWN, host['victim'])
            return True
        """,
        "signal_through_a_descriptor_ex": "return reached('fcntl', 0, 15, struct.pack('ii', 1, host['victim']))",
        "signal_through_a_lease": "return reached('fcntl', 0, fcntl.F_SETLEASE, 0)",
        "signal_through_a_folder": "return reached('fcntl', 0, fcntl.F_NOTIFY, 1)",
        "signal_through_an_ioctl": "return reached('ioctl', 0, 0x8901, struct.pack('i', host['victim']))",
        "type_into_the_terminal": "return reached('ioctl', 1, 0x5412, b'x')",
        "trace_zygote": "return reached('ptrace', 16, os.getppid(), 0, 0)",
        "trace_victim": "return reached('ptrace', 0x4206, host['victim'], 0, 0)",
        "be_traced": "return reached('ptrace', 0, 0, 0, 0)",
        "read_memory": "return reached('process_vm_readv', host['victim'], 0, 0, 0, 0, 0)",
        "write_memory": "return reached('process_vm_writev', os.getppid(), 0, 0, 0, 0, 0)",
        "advise_memory": "return reached('process_madvise', -1, 0, 0, 0, 0)",
        "take_descriptor": "return reached('pidfd_getfd', -1, 0, 0)",
        "compare": "return reached('kcmp', os.getpid(), os.getppid(), 0, 0, 0)",
        "limits_of_others": "return resource.prlimit(host['victim'], resource.RLIMIT_NOFILE, (10, 10))",
        "limits_of_others_to_read": "return resource.prlimit(host['victim'], resource.RLIMIT_NOFILE)",
        "own_limits": """
            try:
                resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except ValueError:
                return False
            return True
        """,
        "priority_of_others": "os.setpriority(os.PRIO_PROCESS, host['victim'], 19)\nreturn True",
        "own_priority": "os.nice(-5)\nreturn True",
        "real_time": "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))\nreturn True",
        "processor_of_others": "os.sched_setaffinity(host['victim'], {0})\nreturn True",
        "disk_priority_of_others": "return reached('ioprio_set', 1, host['victim'], 0)",
        "clock_of_another": "return time.clock_gettime(~host['victim'] << 3 | 2) >= 0",
        "clock_of_another_to_sleep_by": "return reached('clock_nanosleep', ~host['victim'] << 3 | 2, 0, bytes(16), 0)",
        "group_of_another": "return os.getpgid(host['victim'])",
        "session_of_another": "return os.getsid(host['victim'])",
        "new_session": "return os.setsid()",
        "new_group": "os.setpgid(0, 0)\nreturn True",
        "other_user": "os.setuid(1)\nreturn True",
        "other_groups": "os.setgroups([0])\nreturn True",
        "capabilities": """
            header, wanted = struct.pack('Ii', 0x20080522, 0), struct.pack('6I', *[0xFFFFFFFF] * 6)
            return reached('capset', header, wanted)
        """,
        "outlive": "return reached('prctl', 1, 0, 0, 0, 0)",
        "adopt": "return reached('prctl', 36, 1, 0, 0, 0)",
        "dump": "return reached('prctl', 4, 1, 0, 0, 0)",
        "be_traced_by_anybody": "return reached('prctl', 0x59616D61, -1, 0, 0, 0)",
        "move_its_memory": "return reached('prctl', 35, 1, 0, 0, 0)",
        "speculate": "return reached('prctl', 53, 0, 2, 0, 0)",
        "personality": "return reached('personality', 0x0040000)",
        "loosen_filter": "return reached('seccomp', 1, 0, 0)",
        "watch_filter": "return reached('seccomp', 1, 8, 0)",
        "new_user_namespace": "return reached('unshare', 0x10000000)",
        "new_network_namespace": "return reached('unshare', 0x40000000)",
        "enter_namespace": "return reached('setns', -1, 0)",
        "timer": "return reached('timer_create', 0, 0, 0)",
        "new_domain": "return reached('landlock_create_ruleset', 0, 0, 1)",
        "call_of_the_x32_kind": "return platform.machine() == 'x86_64' and reached(0x40000000 | 39)",
        "call_of_32_bits": """
            if platform.machine() != 'x86_64':
                return False
            code = b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3'  # mov eax, 20 (getpid); int 0x80; ret
            page = mmap.mmap(-1, 4096, prot=7)
            page.write(code)
            run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
            return run() > 0
        """,
    },
)

KERNEL: Final = _table(
    "kernel",
    {
        name: f"return reached({', '.join(map(repr, arguments))})"
        for name, arguments in {
            "bpf": ("bpf", 5, 0, 0),
            "perf": ("perf_event_open", 0, 0, -1, -1, 0),
            "page_faults": ("userfaultfd", 1),
            "ring": ("io_uring_setup", 1, 0),
            "ring_enter": ("io_uring_enter", -1, 0, 0, 0, 0),
            "asynchronous_io": ("io_setup", 1, 0),
            "anonymous_file": ("memfd_create", b"x", 0),
            "secret_memory": ("memfd_secret", 0),
            "add_key": ("add_key", b"user", b"wats-attack", b"x", 1, -3),
            "ask_for_key": ("request_key", b"user", b"wats-attack", 0, -3),
            "session_keyring": ("keyctl", 1, 0, 0, 0, 0),
            "shared_memory": ("shmget", 0, 4096, 0o1600),
            "semaphores": ("semget", 0, 1, 0o1600),
            "messages": ("msgget", 0, 0o1600),
            "posix_queue": ("mq_open", b"wats-attack", 0o102, 0o600, 0),
            "mount": ("mount", b"none", b".", b"tmpfs", 0, 0),
            "unmount": ("umount2", b"wats-attack", 0),
            "new_mount": ("fsopen", b"tmpfs", 0),
            "clone_tree": ("open_tree", -100, b".", 1),
            "move_mount": ("move_mount", -1, b"", -1, b"", 0),
            "pivot": ("pivot_root", b".", b"."),
            "swap": ("swapon", b"wats-attack", 0),
            "quota": ("quotactl", 0, 0, 0, 0),
            "accounting": ("acct", b"wats-attack"),
            "reboot_without_the_magic": ("reboot", 0, 0, 0, 0),
            "load_module": ("init_module", 0, 0, b""),
            "load_module_from_file": ("finit_module", -1, b"", 0),
            "load_kernel": ("kexec_load", 0, 0, 0, -1),
            "ports": ("iopl", 3),
            "local_descriptors": ("modify_ldt", 0, 0, 0),
            "kernel_log": ("syslog", 10, 0, 0),
            "host_name": ("sethostname", 0, -1),
            "clock": ("clock_settime", 0, 0),
            "adjust_clock": ("adjtimex", 0),
            "hang_up": ("vhangup",),
            "write_back_everything": ("sync",),
            "splice": ("splice", -1, 0, -1, 0, 0, 0),
            "gift_pages": ("vmsplice", -1, 0, 0, 0),
            "longer_pipe": ("fcntl", 0, 1031, 1 << 20),
            "seals": ("fcntl", 0, 1033, 0),
            "signals_as_file": ("signalfd4", -1, 0, 8, 0),
            "move_pages": ("move_pages", 0, 0, 0, 0, 0, 0),
            "memory_policy": ("set_mempolicy", 0, 0, 0),
            "protection_keys": ("pkey_alloc", 0, 0),
            "lock_memory": ("mlockall", 1),
            "huge_pages": ("mmap", 0, 1 << 21, 3, 0x40022, -1, 0),
            "open_by_handle": ("open_by_handle_at", -1, 0, 0),
            "lookup_cookie": ("lookup_dcookie", 0, 0, 0),
            "unused_number": (9999,),
        }.items()
    },
)

ACCESS: Final = (*FILES, *NETWORK, *PROCESSES, *KERNEL)

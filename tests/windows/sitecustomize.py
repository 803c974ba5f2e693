"""A Python that lacks what Windows lacks, for tests on a system that looks like POSIX.

Put this folder on PYTHONPATH. It takes away the functions and modules of POSIX, lets files that are
open neither be renamed, replaced nor deleted, lets a rename replace nothing, and reads and writes
text in cp1252 where no encoding is named. What stays is what libraries of such a system ask for by
its name (``os.name``, ``os.uname``); what it cannot show: separators of paths, forbidden names.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import signal
import sys

for _name in (
    "getuid", "geteuid", "getgid", "getegid", "getpgid", "getpgrp", "setsid", "fork", "forkpty",
    "killpg", "mkfifo", "chown", "lchown", "fchown", "getloadavg", "sched_getaffinity",
    "sysconf", "wait3", "wait4", "pathconf", "statvfs", "nice", "posix_fadvise",
):  # fmt: skip
    if hasattr(os, _name):
        delattr(os, _name)
for _name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGXFSZ", "SIGPIPE", "SIGCHLD"):
    if hasattr(signal, _name):
        delattr(signal, _name)
for _name in ("alarm", "setitimer", "pthread_sigmask", "sigwait", "pause", "siginterrupt"):
    if hasattr(signal, _name):
        delattr(signal, _name)
for _name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog"):
    sys.modules[_name] = None  # importing it says ModuleNotFoundError


def _of_this_process(path):
    """Files below a path (or at it) that this process holds open."""
    whole = os.path.realpath(os.fspath(path))
    found = []
    for handle in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{handle}")
        except OSError:
            continue
        inside = target == whole or target.startswith(whole + os.sep)
        if inside and not os.path.isdir(target):  # a folder: so a POSIX rmtree walks
            found.append(target)
    return found


def _refuse_open(*paths):
    for path in paths:
        if isinstance(path, (str, bytes, os.PathLike)) and _of_this_process(os.fsdecode(path)):
            raise PermissionError(13, "The process cannot access the file: it is open", str(path))


_replace, _rename, _unlink = os.replace, os.rename, os.unlink


@functools.wraps(_replace)
def replace(src, dst, **more):
    _refuse_open(src, dst)
    if os.path.isdir(dst):
        raise PermissionError(13, "Access is denied: a folder is there", str(dst))
    return _replace(src, dst, **more)


@functools.wraps(_rename)
def rename(src, dst, **more):
    _refuse_open(src)
    if os.path.lexists(dst):
        raise FileExistsError(17, "Cannot create a file when that file already exists", str(dst))
    return _rename(src, dst, **more)


@functools.wraps(_unlink)
def unlink(path, *, dir_fd=None):
    if dir_fd is None:
        _refuse_open(path)
    return _unlink(path, dir_fd=dir_fd)


os.replace, os.rename, os.unlink, os.remove = replace, rename, unlink, unlink

_open = io.open


@functools.wraps(_open)
def open_in_cp1252(file, mode="r", buffering=-1, encoding=None, *others, **more):
    if encoding is None and "b" not in mode:
        encoding = "cp1252"
    return _open(file, mode, buffering, encoding, *others, **more)


builtins.open = io.open = open_in_cp1252
sys.stdout.reconfigure(encoding="cp1252")
sys.stderr.reconfigure(encoding="cp1252")

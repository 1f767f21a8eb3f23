"""Numbers of the system calls that `rtc/seccomp.py` refuses, and the kind of attempt that each is reported as.

From the kernel's own headers (asm/unistd_64.h, asm-generic/unistd.h), x86-64 and AArch64; None where there is none.
"""

ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
"""AUDIT_ARCH of linux/audit.h, by what uname calls the processor."""

_KINDS = {
    "open_for_writing": "open openat creat open_by_handle_at",
    "change_folder": (
        "mkdir mkdirat mknod rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir"
    ),
    "truncate": "truncate ftruncate fallocate",
    "attributes": (
        "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat "
        "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat "
        "file_setattr"
    ),
    "memory_file": "memfd_create memfd_secret shmget shmat msgget semget mq_open",
    "socket": "socket socketpair",
    "connect": "sendto sendmsg sendmmsg",
    "listen": "listen accept accept4",
    "other_process": "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp",
    "start_process": "fork vfork clone",
    "io_uring": "io_uring_setup io_uring_enter io_uring_register",
    "fault_handler": "userfaultfd",
    "kernel": (
        "bpf perf_event_open keyctl add_key request_key swapon swapoff syslog acct quotactl init_module "
        "finit_module delete_module kexec_load kexec_file_load reboot ioperm iopl modify_ldt"
    ),
    "mount": (
        "mount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick "
        "mount_setattr chroot unshare setns"
    ),
    "core_dumps": "prctl",
}
"""mknod by path and folder (mknodat) is left to Landlock alone, so that its own refusal can be seen by trying."""

KINDS = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "accept": (43, 202),
    "accept4": (288, 242),
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chmod": (90, None),
    "chown": (92, None),
    "chroot": (161, 51),
    "clone": (56, 220),
    "clone3": (435, 435),
    "creat": (85, None),
    "delete_module": (176, 106),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fallocate": (285, 47),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "file_setattr": (469, 469),
    "finit_module": (313, 273),
    "fork": (57, None),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "ftruncate": (77, 46),
    "futimesat": (261, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lchown": (94, None),
    "link": (86, None),
    "linkat": (265, 37),
    "listen": (50, 201),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "open": (2, None),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "removexattrat": (466, 466),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "request_key": (249, 218),
    "rmdir": (84, None),
    "semget": (64, 190),
    "sendmmsg": (307, 269),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "setns": (308, 268),
    "setxattr": (188, 5),
    "setxattrat": (463, 463),
    "shmat": (30, 196),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "syslog": (103, 116),
    "truncate": (76, 45),
    "umount2": (166, 39),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utime": (132, None),
    "utimensat": (280, 88),
    "utimes": (235, None),
    "vfork": (58, None),
}

NUMBERS: dict[str, dict[str, int]] = {
    architecture: {name: number for name, pair in _NUMBERS.items() if (number := pair[column]) is not None}
    for column, architecture in enumerate(ARCHITECTURES)
}
"""By architecture and name."""

/*
 * confinecall.c - seccomp: the system calls that are left, for all threads.
 *
 * What no fault of ours can call and an intruder would (another program,
 * other processes, the kernel) kills the process at once: nothing is lost
 * that kill -9 would not lose. Everything else that is not in the list gets
 * EPERM, since a library may ask for it after an upgrade and then has a way
 * without it. The kernel logs both (type=1326).
 */
#include "config.h"
#include "confineint.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define S(name)	SCMP_SYS(name)

static const int served[] = {
	/* descriptors, whatever they are */
	S(read), S(write), S(readv), S(writev), S(close), S(fcntl), S(fcntl64),
	S(poll), S(ppoll), S(select), S(pselect6), S(epoll_create1),
	S(epoll_ctl), S(epoll_wait), S(epoll_pwait), S(epoll_pwait2),
	S(eventfd2), S(pipe2), S(dup), S(lseek), S(_llseek),
	/* sockets there are, and UNIX sockets made anew */
	S(accept), S(accept4), S(bind), S(connect), S(listen), S(shutdown),
	S(recvfrom), S(recvmsg), S(recvmmsg), S(getsockname), S(getpeername),
	S(getsockopt), S(setsockopt),
	/* files, as far as landlock lets */
	S(open), S(openat), S(access), S(faccessat), S(faccessat2), S(stat),
	S(lstat), S(fstat), S(stat64), S(lstat64), S(fstat64), S(newfstatat),
	S(fstatat64), S(statx), S(statfs), S(fstatfs), S(statfs64),
	S(fstatfs64), S(readlink), S(readlinkat), S(getcwd), S(getdents64),
	S(pread64), S(pwrite64), S(fsync), S(fdatasync), S(ftruncate),
	S(ftruncate64), S(fallocate), S(fadvise64), S(flock), S(unlink),
	S(unlinkat), S(rename), S(renameat), S(renameat2), S(chmod),
	S(fchmod), S(fchmodat), S(umask),
	/* memory */
	S(brk), S(munmap), S(mremap), S(madvise),
	/* threads and time */
	S(clone3), S(futex), S(futex_time64), S(set_robust_list), S(rseq),
	S(sched_yield), S(sched_getaffinity), S(getcpu), S(nanosleep),
	S(clock_nanosleep), S(clock_gettime), S(clock_gettime64),
	S(clock_getres), S(gettimeofday), S(time), S(restart_syscall),
	S(exit), S(exit_group),
	/* signals to oneself */
	S(rt_sigaction), S(rt_sigprocmask), S(rt_sigreturn), S(sigreturn),
	S(sigaltstack),
	/* who and where we are */
	S(getpid), S(gettid), S(getppid), S(getuid), S(geteuid), S(getgid),
	S(getegid), S(uname), S(sysinfo), S(getrusage), S(getrlimit),
	S(getrandom),
#ifdef QKD_SANITIZED	/* the leak checker traces its own process */
	S(clone), S(ptrace), S(prctl), S(wait4), S(process_vm_readv),
	S(getpgrp), S(kill), S(getdents),
#endif
};

static const int deadly[] = {
	S(execve), S(execveat), S(process_vm_writev), S(process_madvise),
	S(pidfd_getfd), S(kcmp),
#ifndef QKD_SANITIZED
	S(ptrace), S(process_vm_readv),
#endif
	S(bpf), S(perf_event_open), S(userfaultfd), S(io_uring_setup),
	S(io_uring_enter), S(io_uring_register), S(add_key), S(keyctl),
	S(request_key), S(mount), S(umount), S(umount2), S(move_mount),
	S(fsopen), S(open_tree), S(mount_setattr), S(pivot_root), S(chroot),
	S(setns), S(unshare), S(open_by_handle_at), S(swapon), S(swapoff),
	S(init_module), S(finit_module), S(delete_module), S(kexec_load),
	S(kexec_file_load), S(reboot), S(iopl), S(ioperm), S(personality),
	S(setuid), S(setgid), S(setreuid), S(setregid), S(setresuid),
	S(setresgid), S(setgroups), S(setfsuid), S(setfsgid), S(capset),
	S(clock_settime), S(settimeofday), S(adjtimex), S(clock_adjtime),
	S(acct), S(quotactl), S(syslog),
};

struct judged {
	int		 call;
	unsigned	 calls;		/* of the role; 0: everybody's */
	unsigned	 n;
	struct scmp_arg_cmp	 arg[2];
};

#define IS(a, v)	{ a, SCMP_CMP_EQ, v, 0 }
#define HAS(a, m, v)	{ a, SCMP_CMP_MASKED_EQ, m, v }
#define TYPE		0xf	/* of a socket, without its flags */

static const struct judged judged[] = {
	/* nothing that was written becomes code */
	{ S(mmap), 0, 1, { HAS(2, PROT_EXEC, 0) } },
	{ S(mmap2), 0, 1, { HAS(2, PROT_EXEC, 0) } },
	{ S(mprotect), 0, 1, { HAS(2, PROT_EXEC, 0) } },
	/* threads, not processes */
	{ S(clone), 0, 1, { HAS(0, CLONE_THREAD, CLONE_THREAD) } },
	{ S(socket), 0, 1, { IS(0, AF_UNIX) } },
	{ S(socketpair), 0, 1, { IS(0, AF_UNIX) } },
	{ S(socket), CONFINE_TCP, 2, { IS(0, AF_INET),
	    HAS(1, TYPE, SOCK_STREAM) } },
	{ S(socket), CONFINE_TCP, 2, { IS(0, AF_INET6),
	    HAS(1, TYPE, SOCK_STREAM) } },
	{ S(socket), CONFINE_UDP, 2, { IS(0, AF_INET),
	    HAS(1, TYPE, SOCK_DGRAM) } },
	{ S(socket), CONFINE_UDP, 2, { IS(0, AF_INET6),
	    HAS(1, TYPE, SOCK_DGRAM) } },
	/* else it would connect, and landlock does not see it */
	{ S(sendto), 0, 1, { HAS(3, MSG_FASTOPEN, 0) } },
	{ S(sendmsg), 0, 1, { HAS(2, MSG_FASTOPEN, 0) } },
	{ S(sendmmsg), 0, 1, { HAS(3, MSG_FASTOPEN, 0) } },
	{ S(ioctl), 0, 1, { IS(1, FIONBIO) } },
	{ S(ioctl), 0, 1, { IS(1, SIOCOUTQ) } },
	{ S(ioctl), 0, 1, { IS(1, FIONREAD) } },
	{ S(ioctl), 0, 1, { IS(1, TCGETS) } },	/* a terminal? */
	{ S(setpriority), 0, 2, { IS(0, PRIO_PROCESS), IS(1, 0) } },
	{ S(prlimit64), 0, 1, { IS(2, 0) } },	/* read, not set */
	{ S(prctl), 0, 1, { IS(0, PR_SET_NAME) } },
};

static int
add_all(scmp_filter_ctx f, uint32_t action, const int *calls, size_t n)
{
	int	r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = seccomp_rule_add(f, action, calls[i], 0);
	return r;
}

static int
add_judged(scmp_filter_ctx f, unsigned calls)
{
	const struct scmp_arg_cmp	self = IS(0, (scmp_datum_t)getpid());
	int				r = 0;

	for (size_t i = 0; r == 0 && i < LEN(judged); i++)
		if ((judged[i].calls & calls) == judged[i].calls)
			r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW,
			    judged[i].call, judged[i].n, judged[i].arg);
	if (r == 0)	/* abort() */
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, S(tgkill), 1,
		    &self);
	return r;
}

/* A tree instead of a list of comparisons, for each call; older libraries
 * have lists only, older kernels no log. */
static int
attributes(scmp_filter_ctx f)
{
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_LOG, 1);
	return seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
}

/*
 * The flags of clone3() lie in memory, out of sight; without it glibc takes
 * clone(). A filter of its own, since each new thread would stand in the log.
 */
static int
without_clone3(void)
{
	scmp_filter_ctx	f = seccomp_init(SCMP_ACT_ALLOW);
	int		r = -ENOMEM;

	if (f != NULL && (r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC,
	    1)) == 0 && (r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
	    S(clone3), 0)) == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r < 0 ? r : 0;
}

int
confine_seccomp(unsigned calls)
{
	scmp_filter_ctx	f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int		r = without_clone3();

	if (r == 0 && f == NULL)
		r = -ENOMEM;
	if (r == 0 && (r = attributes(f)) == 0 &&
	    (r = add_all(f, SCMP_ACT_ALLOW, served, LEN(served))) == 0 &&
	    (r = add_all(f, SCMP_ACT_KILL_PROCESS, deadly,
	    LEN(deadly))) == 0 && (r = add_judged(f, calls)) == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r < 0 ? r : 0;
}

#include "base/service/sandbox.h"

#include "base/log.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define CAPABILITY(number) (UINT32_C(1) << (number))

/* Root may read sources and write a store that belong to others, and listen on any port; nothing else of root is
 * needed. */
#define KEPT                                                                                                           \
    (CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_CHOWN) | \
     CAPABILITY(CAP_NET_BIND_SERVICE))

static int capabilities_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    if (((data[0].permitted | data[0].inheritable) & ~KEPT) == 0 && (data[1].permitted | data[1].inheritable) == 0)
        return 0; /* as under systemd, which may rule out the call itself */
    data[0].effective &= KEPT;
    data[0].permitted &= KEPT;
    data[0].inheritable = 0;
    data[1] = (struct __user_cap_data_struct){0};
    return (int)syscall(SYS_capset, &header, data);
}

void sandbox_privileges(void)
{
    const struct rlimit none = {0};
    if (IS_SANITIZED)
        return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        log_warn("sandbox.privileges", "new privileges cannot be ruled out: %s", strerror(errno));
    if (capabilities_drop() != 0)
        log_warn("sandbox.capabilities", "capabilities cannot be dropped: %s", strerror(errno));
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_warn("sandbox.core", "core dumps cannot be turned off: %s", strerror(errno));
}

/* Not needed at work, and of use to who breaks in: other programs, other processes' memory, the kernel's own. */
static const int calls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fspick),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(personality),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(syslog),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(vhangup),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(capset),
};

static int filter_fill(scmp_filter_ctx filter)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* all threads: of the store, the log, the link */
    for (size_t i = 0; i < sizeof calls / sizeof calls[0] && error == 0; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
        if (error == -EDOM || error == -EINVAL)
            error = 0; /* this machine has no such call */
    }
    return error == 0 ? seccomp_load(filter) : error;
}

void sandbox_calls(void)
{
    if (IS_SANITIZED)
        return;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter != NULL ? filter_fill(filter) : -ENOMEM;
    seccomp_release(filter);
    if (error != 0)
        log_warn("sandbox.calls", "system calls cannot be ruled out: %s", strerror(-error));
}

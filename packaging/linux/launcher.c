/* What starts the program on Linux: `clearline`, which becomes `clearline-program` beside it.
 *
 * On a system whose C library is older than the program's libraries nothing else of it can run; this can, and says so in
 * the terminal, or where there is none in whatever dialog the desktop has. NEEDS (a sentence) and FLOOR (the number
 * behind "2." of the oldest glibc) are given by bundle.make_launcher.
 *
 * It has no start files: those of a newer glibc would themselves ask for a newer one. Everything called here has been in
 * glibc since its 2.17 and longer.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_RUN 126 /* as shells end where a program is there and cannot be run */

#if defined __x86_64__
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call started\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start: mov x29, #0\n mov x0, sp\n bl started\n");
#endif

static int shown(char *const words[])
{
    pid_t child = fork();
    int status = 1;
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

static void tell(const char *sentence)
{
    char text[2048];
    dprintf(2, "clearline: %s\n", sentence);
    if (isatty(2) || !(getenv("DISPLAY") || getenv("WAYLAND_DISPLAY")))
        return;
    snprintf(text, sizeof text, "--text=%s", sentence);
    char *zenity[] = {"zenity", "--error", "--no-markup", "--title=Clearline", text, NULL};
    char *kdialog[] = {"kdialog", "--title", "Clearline", "--error", (char *)sentence, NULL};
    char *xmessage[] = {"xmessage", "-center", (char *)sentence, NULL};
    if (!shown(zenity) && !shown(kdialog))
        shown(xmessage);
}

static int minor_of(const char *version) /* 31 of "2.31" */
{
    int number = 0;
    if (strncmp(version, "2.", 2) != 0)
        return 1000;
    for (version += 2; *version >= '0' && *version <= '9'; version++)
        number = number * 10 + (*version - '0');
    return number;
}

__attribute__((used, noreturn)) void started(char **stack) /* how many arguments, then each of them */
{
    char sentence[1536], program[1024];
    const char *there = gnu_get_libc_version();
    if (minor_of(there) < FLOOR) {
        snprintf(sentence, sizeof sentence, NEEDS, there);
        tell(sentence);
        _exit(CANNOT_RUN);
    }
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - sizeof "-program");
    if (length > 0) {
        strcpy(program + length, "-program");
        execv(program, stack + 1);
    }
    snprintf(sentence, sizeof sentence, "%s cannot be started (%s). Keep everything of the folder together.",
             length > 0 ? program : "clearline-program", strerror(errno));
    tell(sentence);
    _exit(CANNOT_RUN);
}

/* On a crash, restores the terminal and prints a backtrace for a report. */
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "tui/console_internal.h"

#define FRAMES_MAX 64
#define STACK_SIZE 65536

static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

static const char *version_text = ""; /* a signal handler cannot get it otherwise */

static void crash_say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

/* Signal handler: calls only async-signal-safe functions. canvas_panic is written for it. */
static void crash_crashed(int signo)
{
	void *frames[FRAMES_MAX];
	signal(signo, SIG_DFL);
	/* restores the terminal with write() only */
	canvas_panic();
	crash_say("mocr ");
	crash_say(version_text);
	crash_say(" crashed by signal ");
	crash_say((char[]){ (char)('0' + signo / 10 % 10), (char)('0' + signo % 10), '\0' });
	crash_say(
		"; what follows says where (mocr --record DIR makes a recording for a report):\n");
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
	raise(signo);
}

void crash_install(const char *version)
{
	static char stack[STACK_SIZE]; /* lets the handler run after a stack overflow */
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = crash_crashed,
		                    .sa_flags = SA_ONSTACK | SA_NODEFER };
	version_text = version;
	sigaltstack(&alternate, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &action, NULL);
}

void crash_prepare(void)
{
	void *frame;
	backtrace(&frame, 1);
}

/* A crash gives the terminal back and says where it was, so that a report can be made of it. */
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "tui/console_internal.h"

#define FRAMES_MAX 64
#define STACK_SIZE 65536

static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

static const char *version_text = ""; /* a handler has no other way to know */

static void crash_say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

/* Only what may be called in a signal handler, canvas_panic is made for it. */
static void crash_crashed(int signo)
{
	void *frames[FRAMES_MAX];
	signal(signo, SIG_DFL);
	/* puts the terminal right with nothing but write() */
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
	static char stack[STACK_SIZE]; /* a stack overflow must be told too */
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = crash_crashed,
		                    .sa_flags = SA_ONSTACK | SA_NODEFER };
	void *frame;
	version_text = version;
	/* loads what it needs now, while memory can be had */
	backtrace(&frame, 1);
	sigaltstack(&alternate, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &action, NULL);
}

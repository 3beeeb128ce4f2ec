/*
 * The progress bar.
 */
#include "collectors/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "collectors/files.h"

#define BAR 24

void
progress_init(struct progress *p, int64_t total)
{
	p->shown = isatty(STDERR_FILENO) == 1;
	p->total = total;
	p->began_ms = files_steady_ms();
	p->drawn = false;
}

static int
columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20)
		return w.ws_col;
	return 80;
}

void
progress_draw(struct progress *p, int64_t done, const char *note)
{
	int64_t ms = files_steady_ms() - p->began_ms;
	char bar[BAR + 1], line[512];
	int full;

	if (!p->shown)
		return;
	done = done > p->total ? p->total : done;
	full = p->total > 0 ? (int)(done * BAR / p->total) : BAR;
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)full);
	bar[BAR] = '\0';
	snprintf(line, sizeof(line),
		 "[%s] %" PRId64 "/%" PRId64 " counts, %" PRId64 "/s%s%s", bar,
		 done, p->total, ms > 0 ? done * 1000 / ms : 0,
		 note[0] != '\0' ? "  " : "", note);
	fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
	fflush(stderr);
	p->drawn = true;
}

void
progress_end(struct progress *p)
{
	if (p->drawn)
		fputc('\n', stderr);
	p->drawn = false;
}

/*
 * What enrolment reads: the first byte says which of the three texts.  What a
 * reader accepts can be written and reads back the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/enrol.h"

static char text[2 * ENROL_TEXT_BYTES];

static void
try_invitation(const char *data, size_t size)
{
	struct enrol_invitation in, again;
	size_t n;

	if (enrol_invitation_read(data, size, &in) != 0)
		return;
	n = enrol_invitation_write(&in, text, sizeof(text));
	FUZZ_CHECK(n > 0);
	FUZZ_CHECK(enrol_invitation_read(text, n, &again) == 0);
	FUZZ_CHECK(strcmp(in.site, again.site) == 0);
	FUZZ_CHECK(strcmp(in.enrol, again.enrol) == 0);
	FUZZ_CHECK(strcmp(in.centre, again.centre) == 0);
	FUZZ_CHECK(strcmp(in.key, again.key) == 0);
	FUZZ_CHECK(strcmp(in.secret, again.secret) == 0);
}

static void
try_request(const char *data, size_t size)
{
	struct enrol_request in, again;
	size_t n;

	if (enrol_request_read(data, size, &in) != 0)
		return;
	n = enrol_request_write(&in, text, sizeof(text));
	FUZZ_CHECK(n > 0);
	FUZZ_CHECK(enrol_request_read(text, n, &again) == 0);
	FUZZ_CHECK(strcmp(in.site, again.site) == 0);
	FUZZ_CHECK(strcmp(in.secret, again.secret) == 0);
	FUZZ_CHECK(strcmp(in.key, again.key) == 0);
}

static void
try_reply(const char *data, size_t size)
{
	struct enrol_reply in, again;
	size_t n;

	if (enrol_reply_read(data, size, &in) != 0)
		return;
	n = enrol_reply_write(&in, text, sizeof(text));
	FUZZ_CHECK(n > 0);
	FUZZ_CHECK(enrol_reply_read(text, n, &again) == 0);
	FUZZ_CHECK(in.accepted == again.accepted);
	FUZZ_CHECK(strcmp(in.sentence, again.sentence) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *, size_t) = { try_invitation,
							       try_request,
							       try_reply };

	if (size > 0)
		tries[data[0] % 3]((const char *)data + 1, size - 1);
	return 0;
}

/*
 * HL7 messages and what is done with them: every field that is read lies in
 * the message, and an answer can be made.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "collectors/hl7.h"

static struct hl7 message;

static void
check_inside(struct wire_text t, const char *text, size_t size)
{
	FUZZ_CHECK(t.len == 0 || (t.at >= text && t.at + t.len <= text + size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char buf[1024];
	size_t n;

	if (hl7_parse(&message, text, size) != HL7_OK)
		return 0;
	FUZZ_CHECK(message.segments >= 1);
	FUZZ_CHECK(hl7_find(&message, "MSH", 0) == 0);
	for (int s = 0; s < (int)message.segments && s < 8; s++) {
		for (int f = 1; f < 20; f++) {
			struct wire_text t = hl7_get(&message, s, f, 0, 1);

			check_inside(t, text, size);
			(void)hl7_day(t);
			check_inside(hl7_get(&message, s, f, 1, 0), text, size);
			check_inside(hl7_get(&message, s, f, 0, 2), text, size);
		}
	}
	n = hl7_answer(&message, "AE", "why", buf, sizeof(buf));
	FUZZ_CHECK(n < sizeof(buf));
	return 0;
}

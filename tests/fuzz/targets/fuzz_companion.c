/* SPDX-License-Identifier: Apache-2.0 */
/* A companion is refused with a reason, or its values are what the store may be given. */
#include "worker/companion.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		__builtin_trap();
}

static void check_same(const char *a, const char *b)
{
	check((a == NULL) == (b == NULL) && (!a || strcmp(a, b) == 0));
}

static void check_time(const uint8_t *data, size_t size)
{
	char text[64];
	int64_t seconds = -1;
	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	bool good = fl_time_parse(text, &seconds);
	check(good == (seconds >= 0) && seconds <= INT64_C(253402300799));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FL_AUTO_COMPANION first = { 0 };
	FL_AUTO_COMPANION second = { 0 };
	struct fl_error err = { 0 };
	check_time(data, size);
	enum fl_code code = fl_companion_parse(data, size, &first, &err);
	check(fl_companion_parse(data, size, &second, NULL) == code);
	if (code) {
		check(code == FL_EFORMAT && err.message[0] && err.at <= size);
		check(!first.device && !first.has_received_at);
		return 0;
	}
	check(size >= 2);
	check_same(first.device, second.device);
	check_same(first.upload_id, second.upload_id);
	check_same(first.cohort, second.cohort);
	check(!first.device || strlen(first.device) < size);
	check(!first.has_received_at ||
	      (first.received_at >= 0 && first.received_at <= INT64_C(253402300799)));
	return 0;
}

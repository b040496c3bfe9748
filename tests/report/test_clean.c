/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts need no closer look: every byte, at every place of a text of every length. */
#include "report/clean.h"
#include "support/cmocka.h"

#include <string.h>

enum { LONGEST = 20 };

static void test_every_byte_everywhere(void **state)
{
	(void)state;
	char text[LONGEST];
	for (size_t size = 1; size <= LONGEST; size++) {
		for (size_t at = 0; at < size; at++) {
			for (int byte = 0; byte < 256; byte++) {
				memset(text, at % 2 ? ' ' : '~', sizeof(text));
				text[at] = (char)byte;
				bool printable = byte >= ' ' && byte <= '~';
				if (fl_is_plain(text, size) != printable)
					fail_msg("byte %d at %zu of %zu", byte, at, size);
			}
		}
	}
}

static void test_only_what_belongs_to_it(void **state)
{
	(void)state;
	static const char text[] = "sixteen letters.\n";
	assert_true(fl_is_plain(text, 16));
	assert_false(fl_is_plain(text, 17));
	assert_true(fl_is_plain("\n", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_everywhere),
		cmocka_unit_test(test_only_what_belongs_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void test_names(void **state)
{
	static const struct {
		const char *symbol, *want;
	} cases[] = {
		{ "_ZN3app6Device4readEPvj", "app::Device::read" },
		{ "_ZN3FooC2Ev", "Foo::Foo" },
		{ "_ZN3FooD1Ev", "Foo::~Foo" },
		{ "_ZN4util5clearImEEvPT_", "util::clear<unsigned long>" },
		{ "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo" },
		{ "_ZNK3BoxIiEcvbEv", "Box<int>::operator bool" },
		{ "_Z4freei.isra.0", "free" },
		{ "_ZZN3app3runEvENKUlmE_clEm",
		  "app::run()::{lambda(unsigned long)#1}::operator()" },
		{ "_ZN4core9panicking9panic_fmt17h0123456789abcdefE",
		  "core::panicking::panic_fmt" },
		{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
		{ "main", NULL },
		{ "", NULL },
		{ "_Z", NULL },
		{ "_ZN3fo", NULL },
		{ "_R", NULL },
		{ "Zebra", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO_STR out = { 0 };
		fl_str_adds(&out, "<");
		bool ok = fl_demangle(cases[i].symbol, &out);
		if (ok != (cases[i].want != NULL))
			fail_msg("%s", cases[i].symbol);
		assert_string_equal(out.data + 1, cases[i].want ? cases[i].want : "");
	}
}

static void test_length_is_bounded(void **state)
{
	/* A name that doubles with every level: 2^24 bytes in full. */
	FL_AUTO_STR symbol = { 0 };
	FL_AUTO_STR out = { 0 };
	char *huge = malloc(100001);
	(void)state;
	fl_str_adds(&symbol, "_Z1fI1AE1AIT_S0_EvT_");
	(void)fl_demangle(symbol.data, &out);
	assert_true(out.size <= 4096);
	memset(huge, 'a', 100000);
	huge[100000] = '\0';
	memcpy(huge, "_Z99990", 7);
	assert_false(fl_demangle(huge, &out));
	free(huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_length_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

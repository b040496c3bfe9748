/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"

#include "signature/normalise.h"

#include <stdlib.h>
#include <string.h>

struct name_case {
	const char *name, *expected;
};

static void check(const struct name_case *cases, size_t count)
{
	char out[FL_NAME_SIZE];
	for (size_t i = 0; i < count; i++) {
		fl_normalise(cases[i].name, out);
		if (strcmp(out, cases[i].expected) != 0)
			fail_msg("%s became %s instead of %s", cases[i].name, out,
				 cases[i].expected);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_plain_names_stay(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "main", "main" },
		{ "HardFault_Handler", "HardFault_Handler" },
		{ "__assert_func", "__assert_func" },
		{ "_ZN3foo3barEv", "_ZN3foo3barEv" },
		{ "foo::bar", "foo::bar" },
		{ "foo::~foo", "foo::~foo" },
		{ "", "" },
	};
	CHECK(cases);
}

/* Suffixes as GCC 4 to 14 and LLVM 10 to 18 append them, and what --wrap does. */
static void test_copies_are_the_function(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "parse.constprop.0", "parse" },
		{ "parse.isra.12", "parse" },
		{ "parse.part.1", "parse" },
		{ "parse.cold", "parse" },
		{ "parse.cold.3", "parse" },
		{ "parse.lto_priv.0", "parse" },
		{ "parse.llvm.8437215991", "parse" },
		{ "parse.isra.0.constprop.1.cold", "parse" },
		{ "parse.part.0.lto_priv.17", "parse" },
		{ "nested.2345", "nested" },
		{ "parse.localalias", "parse" },
		{ "foo::parse(int) [clone .part.0]", "foo::parse" },
		{ "foo::parse(int) [clone .isra.1] [clone .cold]", "foo::parse" },
		{ "parse [clone .lto_priv.0]", "parse" },
		{ "__wrap_malloc", "malloc" },
		{ "__real_malloc.constprop.0", "malloc" },
		{ "__wrap___real_x", "x" },
		{ "__wrap_", "__wrap_" },
		{ "parse.unknown", "parse.unknown" },
		{ ".cold", ".cold" },
		{ "non-virtual thunk to Foo::bar(int)", "Foo::bar" },
		{ "virtual thunk to Foo::bar()", "Foo::bar" },
	};
	CHECK(cases);
}

static void test_cxx(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "foo(int, char const*)", "foo" },
		{ "Foo::bar() const", "Foo::bar" },
		{ "Foo::bar() const &", "Foo::bar" },
		{ "Foo::bar() volatile &&", "Foo::bar" },
		{ "std::vector<int, std::allocator<int> >::at(unsigned int)", "std::vector::at" },
		{ "Foo<Bar<1>, (Kind)2>::baz<char>(char)", "Foo::baz" },
		{ "void sort<int*>(int*, int*)", "sort" },
		{ "std::enable_if<true, int>::type pick<int>(int)", "pick" },
		{ "unsigned int Foo::get<0u>()", "Foo::get" },
		{ "outer(int)::Local::run()", "outer::Local::run" },
		{ "operator new(unsigned int)", "operator new" },
		{ "operator new[](unsigned int)", "operator new[]" },
		{ "operator delete(void*)", "operator delete" },
		{ "Foo::operator()(int) const", "Foo::operator()" },
		{ "Foo::operator[](unsigned int)", "Foo::operator[]" },
		{ "Foo::operator<(Foo const&) const", "Foo::operator<" },
		{ "Foo::operator<<(int)", "Foo::operator<<" },
		{ "std::ostream& operator<< <char>(std::ostream&, char)", "operator<<" },
		{ "Foo::operator->() const", "Foo::operator->" },
		{ "Foo::operator->*(int)", "Foo::operator->*" },
		{ "operator<=>(A const&, B const&)", "operator<=>" },
		{ "operator>>=(A&, int)", "operator>>=" },
		{ "bool operator==<int>(A<int> const&, A<int> const&)", "operator==" },
		{ "Foo::operator bool() const", "Foo::operator bool" },
		{ "Foo::operator unsigned int() const", "Foo::operator unsigned int" },
		{ "my_operator(int)", "my_operator" },
		{ "operators::run(int)", "operators::run" },
		{ "foo[abi:cxx11](int)", "foo" },
		{ "Foo::~Foo()", "Foo::~Foo" },
		{ "decltype(auto) call<int>(int)", "call" },
		{ "int (*)(void)", "int (*)(void)" },
	};
	CHECK(cases);
}

static void test_unnamed_things_have_one_spelling(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "(anonymous namespace)::poll(int)", "(anonymous namespace)::poll" },
		{ "app::{anonymous}::poll", "app::(anonymous namespace)::poll" },
		{ "app::<unnamed>::poll", "app::(anonymous namespace)::poll" },
		{ "app::_GLOBAL__N_1::poll", "app::(anonymous namespace)::poll" },
		{ "app::`anonymous namespace'::poll", "app::(anonymous namespace)::poll" },
		{ "run()::{lambda(int)#2}::operator()(int) const", "run::{lambda}::operator()" },
		{ "run()::{lambda()#1}::_FUN()", "run::{lambda}::_FUN" },
		{ "run()::<lambda(int)>", "run::{lambda}" },
		{ "run::<lambda(std::vector<int>)>::operator()", "run::{lambda}::operator()" },
		{ "run()::$_0::operator()(int) const", "run::{lambda}::operator()" },
		{ "run()::$_12::__invoke(int)", "run::{lambda}::__invoke" },
		{ "run()::'lambda'(int)::operator()(int) const", "run::{lambda}::operator()" },
		{ "run()::'lambda3'()::operator()() const", "run::{lambda}::operator()" },
		{ "cost$_x", "cost$_x" },
	};
	CHECK(cases);
}

static void test_rust(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "core::panicking::panic_fmt::h0123456789abcdef", "core::panicking::panic_fmt" },
		{ "app::main::h0123456789abcdeg", "app::main::h0123456789abcdeg" },
		{ "app::run::h0123456789abcdef.llvm.42", "app::run" },
		{ "core::ptr::drop_in_place<alloc::vec::Vec<u8>>::h0123456789abcdef",
		  "core::ptr::drop_in_place" },
		{ "core::ptr::drop_in_place::<app::Foo>", "core::ptr::drop_in_place" },
		{ "app::map::<u32, fn(u8) -> u16>::apply", "app::map::apply" },
		{ "<app::Ring<u8> as core::ops::Drop>::drop",
		  "<app::Ring as core::ops::Drop>::drop" },
		{ "<app::Ring<u8>>::push", "app::Ring::push" },
		{ "<alloc::vec::Vec<T, A> as core::ops::Index<I>>::index",
		  "<alloc::vec::Vec as core::ops::Index>::index" },
		{ "app::main::{{closure}}::h0123456789abcdef", "app::main::{closure}" },
		{ "app::main::{closure#3}", "app::main::{closure}" },
		{ "app::main::{closure_env#0}", "app::main::{closure_env}" },
		{ "core::fmt::num::{impl#3}::fmt", "core::fmt::num::fmt" },
		{ "core::fmt::num::<impl core::fmt::Display for u32>::fmt", "core::fmt::num::fmt" },
	};
	CHECK(cases);
}

static void test_odd_input(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "<signal handler called>", "<signal handler called>" },
		{ "<", "<" },
		{ "()", "()" },
		{ "a<b", "a<b" },
		{ "a>b", "a>b" },
		{ "f(", "f(" },
		{ "f)", "f)" },
		{ "f{", "f{" },
		{ "operator", "operator" },
		{ "::", "::" },
		{ "a\033[1mb", "a\xef\xbf\xbd[1mb" },
		{ "a\nb", "a\xef\xbf\xbd"
			  "b" },
		{ "\xff", "\xef\xbf\xbd" },
	};
	CHECK(cases);
}

static void test_long_names_are_cut(void **state)
{
	(void)state;
	char out[FL_NAME_SIZE];
	char *name = malloc(100001);
	assert_non_null(name);
	memset(name, 'x', 100000);
	name[100000] = '\0';
	fl_normalise(name, out);
	assert_int_equal(strlen(out), FL_NAME_SIZE - 1);
	memset(name, '<', 100000);
	fl_normalise(name, out);
	assert_true(strlen(out) > 0);
	for (size_t size = FL_NAME_SIZE - 2; size < FL_NAME_SIZE + 100; size++) {
		memset(name, 'x', size);
		name[size] = '\0';
		struct {
			char out[FL_NAME_SIZE], behind[200];
		} room = { .behind = "behind" };
		fl_normalise(name, room.out);
		assert_int_equal(strlen(room.out), size < FL_NAME_SIZE ? size : FL_NAME_SIZE - 1);
		assert_string_equal(room.behind, "behind");
	}
	free(name);
}

/* Normalising twice changes nothing: what a report keeps can be normalised again. */
static void test_idempotent(void **state)
{
	(void)state;
	static const char *const names[] = {
		"parse.isra.0.constprop.1.cold",
		"void Foo<int>::operator()(int) const",
		"app::{anonymous}::poll",
		"run()::{lambda(int)#2}::operator()(int) const",
		"<app::Ring<u8> as core::ops::Drop>::drop",
		"app::main::{{closure}}::h0123456789abcdef",
		"operator new[](unsigned int)",
		"Foo::operator unsigned int() const",
		"<signal handler called>",
		"a\033b",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char once[FL_NAME_SIZE];
		char twice[FL_NAME_SIZE];
		fl_normalise(names[i], once);
		fl_normalise(once, twice);
		assert_string_equal(once, twice);
	}
}

/* With a parameter list behind it, a C name takes the way of a C++ name: the outcome is the same.
 */
static void test_parameters_make_no_difference(void **state)
{
	(void)state;
	static const char *const parts[] = {
		"__wrap_",     "__real_",   "_GLOBAL__N_1",
		"_GLOBAL__N_", "operator",  "lambda",
		"_",           "a",         "Z9",
		"main",        "constprop", "h0123456789abcdef",
	};
	enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
	srand(3);
	for (int i = 0; i < 20000; i++) {
		char name[2 * FL_NAME_SIZE] = "";
		char plain[2 * FL_NAME_SIZE + 8];
		char one[FL_NAME_SIZE];
		char other[FL_NAME_SIZE];
		int wanted = 1 + rand() % (i % 100 ? 5 : 100);
		for (int k = 0; k < wanted && strlen(name) < FL_NAME_SIZE + 20; k++)
			strcat(name, parts[rand() % PARTS]);
		strcat(name,
		       parts[2 + rand() % (PARTS - 2)]); /* a prefix needs something behind it */
		strcpy(plain, name);
		strcat(plain, "(void)");
		fl_normalise(name, one);
		fl_normalise(plain, other);
		assert_string_equal(one, other);
	}
}

static void test_threads(void **state)
{
	(void)state;
	static const struct name_case cases[] = {
		{ "net_rx", "net_rx" },
		{ "worker-3", "worker" },
		{ "pool #12", "pool" },
		{ "tcp:80", "tcp" },
		{ "uart1", "uart1" }, /* a name of its own: there may be two of them */
		{ "Tmr Svc", "Tmr Svc" },
		{ "0x20001234", "" },
		{ "17", "" },
		{ "", "" },
		{ "a\tb", "a\xef\xbf\xbd"
			  "b" },
		{ "beef", "beef" },
	};
	char out[FL_NAME_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fl_normalise_thread(cases[i].name, out);
		assert_string_equal(out, cases[i].expected);
	}
}

static void test_underscores(void **state)
{
	(void)state;
	assert_string_equal(fl_without_underscores("__assert"), "assert");
	assert_string_equal(fl_without_underscores("assert_"), "assert_");
	assert_string_equal(fl_without_underscores("___"), "___");
	assert_string_equal(fl_without_underscores(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_names_stay),
		cmocka_unit_test(test_copies_are_the_function),
		cmocka_unit_test(test_cxx),
		cmocka_unit_test(test_unnamed_things_have_one_spelling),
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_odd_input),
		cmocka_unit_test(test_long_names_are_cut),
		cmocka_unit_test(test_idempotent),
		cmocka_unit_test(test_parameters_make_no_difference),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_underscores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

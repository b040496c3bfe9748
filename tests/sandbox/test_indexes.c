/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that are given with ELFs: used, refused, and blamed for no more than they did. */
#include "acts.h"
#include "sandbox/sandbox.h"
#include "support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIED "the analysis died while it used it"

static int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

/* One that was there before the sandbox, as in the symbol store. */
static struct fl_sandbox_elf open_indexed(void)
{
	FL_AUTO(fl_sandbox)
	maker = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	struct fl_sandbox_elf elf = { .fd = open(FL_CORPUS "/m0-os/fw.elf", O_RDONLY | O_CLOEXEC),
				      .name = "fw.elf",
				      .has_key = true };
	FL_AUTO_BUFFER index = { 0 };
	struct fl_error err = { 0 };
	assert_true(elf.fd >= 0);
	if (fl_sandbox_encode_elf(maker, &elf, true, &index, NULL, &err))
		fail_msg("%s", err.message);
	elf.has_index = true;
	elf.index_fd = memory_file(index.data, index.size);
	return elf;
}

static void close_elf(const struct fl_sandbox_elf *elf)
{
	close(elf->fd);
	if (elf->has_index)
		close(elf->index_fd);
}

static void expect_refused(const struct fl_sandbox *sandbox, uint32_t refused, const char *reason)
{
	const char *why;
	assert_int_equal(fl_sandbox_refused(sandbox, &why), refused);
	if (strncmp(why, reason, strlen(reason)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", why, reason);
}

static void test_a_sound_one_spares_the_compiling(void **state)
{
	(void)state;
	struct fl_sandbox_elf elf = open_indexed();
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 0");
	expect_refused(sandbox, 0, "");
	close_elf(&elf);
}

static void test_a_bad_one_is_refused_with_its_reason(void **state)
{
	(void)state;
	struct fl_sandbox_elf elfs[2] = { open_indexed(), open_indexed() };
	elfs[1].key[0] = 1;
	close(elfs[1].index_fd);
	elfs[1].index_fd = memory_file("no index", 8);
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 2, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 1");
	expect_refused(sandbox, 2, "not a symbol index");
	close_elf(&elfs[0]);
	close_elf(&elfs[1]);
}

/* Tried without, the input is answered: then it was the index, of whichever ELF has one. */
static void test_what_dies_of_one_is_answered_without(void **state)
{
	(void)state;
	struct fl_sandbox_elf elfs[2] = { open_indexed(), open_indexed() };
	elfs[0].key[0] = 1;
	close(elfs[0].index_fd);
	elfs[0].has_index = false;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "die of an index", elfs, 2, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 2");
	expect_refused(sandbox, 2, DIED);
	assert_int_equal(act_on(sandbox, "count compiled", NULL, 0, &err), FL_ELIMIT);
	expect_refused(sandbox, 0, "");
	close_elf(&elfs[0]);
	close_elf(&elfs[1]);
}

/* Nothing is known against the index of an input that dies without it, too. */
static void test_what_dies_without_it_is_to_blame(void **state)
{
	(void)state;
	struct fl_sandbox_elf elf = open_indexed();
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "exit quietly", &elf, 1, &err), FL_ECHILD);
	expect_refused(sandbox, 0, "");
	close_elf(&elf);
}

/* An ELF that kills who compiles it says nothing of the other's index. */
static void test_a_dead_compiler_refuses_no_index(void **state)
{
	(void)state;
	struct fl_sandbox_elf elfs[2] = { open_indexed(),
					  { .name = "other.elf", .has_key = true } };
	elfs[1].key[0] = 1;
	elfs[1].fd = memory_file("hostile when alone", 18);
	FL_AUTO(fl_sandbox)
	sandbox = open_with((struct fl_sandbox_options){ .compile_apart = true });
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 2, &err), FL_EFORMAT);
	assert_memory_equal(err.message, "other.elf: not an ELF file", 26);
	expect_refused(sandbox, 0, "");
	close_elf(&elfs[0]);
	close_elf(&elfs[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sound_one_spares_the_compiling),
		cmocka_unit_test(test_a_bad_one_is_refused_with_its_reason),
		cmocka_unit_test(test_what_dies_of_one_is_answered_without),
		cmocka_unit_test(test_what_dies_without_it_is_to_blame),
		cmocka_unit_test(test_a_dead_compiler_refuses_no_index),
	};
	return cmocka_run_group_tests_name("indexes", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The child answers like the engine in this process, keeps what it compiled, and holds nothing
 * else. */
#include "acts.h"
#include "hostile_engine.h"
#include "sandbox/sandbox.h"
#include "support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILD FL_CORPUS "/m4f-og"

struct bytes {
	char *data;
	size_t size;
};

static void free_bytes(struct bytes *bytes)
{
	free(bytes->data);
}
#define AUTO_BYTES __attribute__((__cleanup__(free_bytes))) struct bytes

static struct bytes read_file(const char *path)
{
	struct bytes bytes = { 0 };
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		fail_msg("%s cannot be read", path);
	bytes.size = (size_t)info.st_size;
	bytes.data = malloc(bytes.size);
	assert_non_null(bytes.data);
	assert_int_equal(read(fd, bytes.data, bytes.size), bytes.size);
	close(fd);
	return bytes;
}

static struct fl_sandbox_elf open_elf(const char *path, const char *name)
{
	struct fl_sandbox_elf elf = { .fd = open(path, O_RDONLY | O_CLOEXEC), .name = name };
	assert_true(elf.fd >= 0);
	return elf;
}

static struct fl_report *
analyze(struct fl_sandbox *sandbox, const struct bytes *dump, const struct fl_sandbox_elf *elf)
{
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_sandbox_analyze(sandbox, dump->data, dump->size, elf, elf != NULL, &report, NULL,
			       &err))
		fail_msg("%s", err.message);
	return report;
}

/* --- modes --- */

static void test_modes(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) off = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	assert_string_equal(fl_sandbox_name(off), "none");
	FL_AUTO(fl_sandbox) defaults = NULL;
	assert_int_equal(fl_sandbox_open(NULL, &defaults, NULL), FL_OK);
	FL_AUTO(fl_sandbox) strict = NULL;
	const struct fl_sandbox_options require = { .mode = FL_SANDBOX_REQUIRE };
	struct fl_error err = { 0 };
	if (fl_sandbox_open(&require, &strict, &err)) { /* a sanitizer's build, or no libseccomp */
		assert_int_equal(err.code, FL_EUNSUPPORTED);
		assert_non_null(strstr(err.message, "the sandbox is required, but this build "));
		assert_string_equal(fl_sandbox_name(defaults), "process");
	} else {
		assert_string_equal(fl_sandbox_name(strict), "seccomp");
		assert_string_equal(fl_sandbox_name(defaults), "seccomp");
	}
}

static void test_bad_rules_fail_at_once(void **state)
{
	(void)state;
	static const struct fl_rules_file bad = { "no such list", "*\n" };
	const struct fl_sandbox_options options = { .rules = &bad, .rules_count = 1 };
	struct fl_sandbox *sandbox = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_sandbox_open(&options, &sandbox, &err), FL_EFORMAT);
	assert_null(sandbox);
	assert_true(err.message[0]);
}

/* --- the same answers --- */

static void assert_same_text(const struct fl_report *a, const struct fl_report *b)
{
	FL_AUTO_BUFFER first = { 0 };
	FL_AUTO_BUFFER second = { 0 };
	assert_int_equal(fl_report_explain(a, &first, NULL), FL_OK);
	assert_int_equal(fl_report_explain(b, &second, NULL), FL_OK);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
}

static void test_child_answers_like_the_engine(void **state)
{
	(void)state;
	static const char *const scenarios[] = { "null-read", "fault-in-isr", "inline-3" };
	FL_AUTO(fl_sandbox) child = open_with((struct fl_sandbox_options){ 0 });
	FL_AUTO(fl_sandbox)
	here = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	struct fl_sandbox_elf elf = open_elf(BUILD "/fw.elf", "fw.elf");
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		char path[512];
		snprintf(path, sizeof(path), BUILD "/%s/dump.core", scenarios[i]);
		AUTO_BYTES dump = read_file(path);
		FL_AUTO(fl_report) a = analyze(child, &dump, &elf);
		FL_AUTO(fl_report) b = analyze(here, &dump, &elf);
		struct fl_report_facts facts = fl_report_facts(a);
		assert_int_equal(facts.match, FL_MATCH_SAME);
		assert_non_null(facts.function);
		assert_string_equal(facts.title, fl_report_facts(b).title);
		assert_same_text(a, b);
	}
	close(elf.fd);
}

/* A warm child (ELF already compiled) writes the same bytes as a cold one. */
static void test_same_bytes_warm_and_cold(void **state)
{
	(void)state;
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(BUILD "/fw.elf", "fw.elf");
	elf.has_key = true;
	FL_AUTO_BUFFER first = { 0 };
	for (int i = 0; i < 3; i++) {
		FL_AUTO(fl_report) report = analyze(sandbox, &dump, &elf);
		FL_AUTO_BUFFER bytes = { 0 };
		assert_int_equal(fl_report_encode(report, &bytes, NULL), FL_OK);
		if (i == 0) {
			first = bytes;
			bytes = (struct fl_buffer){ 0 };
			continue;
		}
		assert_int_equal(bytes.size, first.size);
		assert_memory_equal(bytes.data, first.data, first.size);
	}
	close(elf.fd);
}

static void assert_not_kept(struct fl_sandbox *sandbox)
{
	struct fl_buffer bytes = { 0 };
	assert_false(fl_sandbox_take_encoded(sandbox, &bytes));
	assert_null(bytes.data);
}

/* What a store may keep without encoding it once more. */
static void test_bytes_of_the_report(void **state)
{
	(void)state;
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(BUILD "/fw.elf", "fw.elf");
	struct fl_error err;
	assert_not_kept(sandbox);
	FL_AUTO(fl_report) report = analyze(sandbox, &dump, &elf);
	FL_AUTO_BUFFER expected = { 0 };
	FL_AUTO_BUFFER bytes = { 0 };
	assert_int_equal(fl_report_encode(report, &expected, NULL), FL_OK);
	assert_true(fl_sandbox_take_encoded(sandbox, &bytes));
	assert_int_equal(bytes.size, expected.size);
	assert_memory_equal(bytes.data, expected.data, expected.size);
	assert_not_kept(sandbox); /* once for each report */
	fl_report_close(analyze(sandbox, &dump, &elf));
	assert_int_equal(act_on(sandbox, "count compiled", NULL, 0, &err), FL_ELIMIT);
	assert_not_kept(sandbox); /* the last one failed */
	close(elf.fd);
}

/* Who keeps the bytes gets a report of facts; who wants more decodes them. */
static void test_facts_of_the_report(void **state)
{
	(void)state;
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ .facts_only = true });
	FL_AUTO(fl_sandbox) other = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(BUILD "/fw.elf", "fw.elf");
	FL_AUTO(fl_report) whole = analyze(other, &dump, &elf);
	FL_AUTO(fl_report) facts = analyze(sandbox, &dump, &elf);
	assert_non_null(fl_report_facts(whole).title);
	assert_string_equal(fl_report_facts(facts).title, fl_report_facts(whole).title);
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO_BUFFER expected = { 0 };
	FL_AUTO_BUFFER without = { 0 };
	assert_true(fl_sandbox_take_encoded(sandbox, &bytes));
	assert_int_equal(fl_report_encode(whole, &expected, NULL), FL_OK);
	assert_int_equal(bytes.size, expected.size);
	assert_memory_equal(bytes.data, expected.data, expected.size);
	assert_int_equal(fl_report_encode(facts, &without, NULL), FL_OK);
	assert_true(without.size < expected.size);
	close(elf.fd);
}

/* Without its bytes there is nothing to decode later: then the report is whole. */
static void test_facts_of_another_version(void **state)
{
	(void)state;
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ .facts_only = true });
	fl_report_close(analyze(sandbox, &dump, NULL));
	FL_AUTO_BUFFER expected = { 0 };
	assert_true(fl_sandbox_take_encoded(sandbox, &expected));
	FL_AUTO(fl_report) newer = NULL;
	FL_AUTO_BUFFER bytes = { 0 };
	assert_int_equal(fl_sandbox_analyze(sandbox, "hostile answer newer", 20, NULL, 0, &newer,
					    NULL, NULL),
			 FL_OK);
	assert_not_kept(sandbox);
	assert_int_equal(fl_report_encode(newer, &bytes, NULL), FL_OK);
	assert_int_equal(bytes.size, expected.size);
	assert_memory_equal(bytes.data, expected.data, expected.size);
}

/* Read, because a later version may add to the form; kept only as this one writes it. */
static void test_bytes_of_another_version(void **state)
{
	(void)state;
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	fl_report_close(analyze(sandbox, &dump, NULL));
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "answer newer", NULL, 0, &err), FL_OK);
	assert_not_kept(sandbox);
	FL_AUTO(fl_sandbox)
	here = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	fl_report_close(analyze(here, &dump, NULL));
	assert_not_kept(here);
}

/* A HardFault with pc and lr (docs/formats.md, "Events"). */
static const char event[] = "\xa4\x02\x02\x03\x01\x0a\x63"
			    "app"
			    "\x04\xa4\x01\x19\x94\x00"
			    "\x02\x19\x08\xcc\x03\x19\x08\xd9\x05\x00";

static void test_events_in_child_and_engine(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) child = open_with((struct fl_sandbox_options){ 0 });
	FL_AUTO(fl_sandbox)
	here = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	struct fl_sandbox_elf elf = open_elf(BUILD "/fw.elf", "fw.elf");
	FL_AUTO(fl_report) a = NULL;
	FL_AUTO(fl_report) b = NULL;
	const size_t size = sizeof(event) - 1;
	assert_int_equal(fl_sandbox_analyze_event(child, event, size, &elf, 1, &a, NULL, NULL),
			 FL_OK);
	assert_int_equal(fl_sandbox_analyze_event(here, event, size, &elf, 1, &b, NULL, NULL),
			 FL_OK);
	struct fl_report_facts facts = fl_report_facts(a);
	assert_int_equal(facts.kind, FL_REPORT_REBOOT);
	assert_int_equal(facts.reason, 0x9400);
	assert_true(facts.has_pc && facts.pc == 0x8cc);
	assert_non_null(facts.function);
	assert_same_text(a, b);
	/* a dump and an event in turns: neither is taken for the other */
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	struct fl_report *none = NULL;
	assert_int_equal(
		fl_sandbox_analyze_event(child, dump.data, dump.size, &elf, 1, &none, NULL, NULL),
		FL_EFORMAT);
	assert_int_equal(fl_sandbox_analyze(child, event, size, &elf, 1, &none, NULL, NULL),
			 FL_EFORMAT);
	FL_AUTO(fl_report) full = analyze(child, &dump, &elf);
	assert_int_equal(fl_report_facts(full).kind, FL_REPORT_DUMP);
	close(elf.fd);
}

static void test_large_and_empty_dumps(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	const size_t large = 5 << 20; /* beyond what the shared window holds */
	AUTO_BYTES dump = { calloc(1, large), large };
	assert_non_null(dump.data);
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(
		fl_sandbox_analyze(sandbox, dump.data, large, NULL, 0, &report, NULL, &err),
		FL_EFORMAT);
	assert_int_equal(fl_sandbox_analyze(sandbox, NULL, 0, NULL, 0, &report, NULL, &err),
			 FL_EFORMAT);
	/* an act at the start of a large dump is seen: its bytes arrive */
	memcpy(dump.data, "hostile count compiled", 22);
	assert_int_equal(
		fl_sandbox_analyze(sandbox, dump.data, large, NULL, 0, &report, NULL, &err),
		FL_ELIMIT);
	assert_null(report);
}

static void test_errors_are_the_engines(void **state)
{
	(void)state;
	static const enum fl_sandbox_mode modes[] = { FL_SANDBOX_AUTO, FL_SANDBOX_OFF };
	struct fl_error errors[2][2] = { 0 };
	for (size_t i = 0; i < 2; i++) {
		FL_AUTO(fl_sandbox)
		sandbox = open_with((struct fl_sandbox_options){ .mode = modes[i] });
		FL_AUTO(fl_report) report = NULL;
		assert_int_equal(fl_sandbox_analyze(sandbox, "not a dump", 10, NULL, 0, &report,
						    NULL, &errors[i][0]),
				 FL_EFORMAT);
		/* a dump is no ELF: the message says which file */
		struct fl_sandbox_elf elf = open_elf(BUILD "/null-read/dump.core", "wrong.elf");
		AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
		assert_int_equal(fl_sandbox_analyze(sandbox, dump.data, dump.size, &elf, 1, &report,
						    NULL, &errors[i][1]),
				 FL_EFORMAT);
		assert_non_null(strstr(errors[i][1].message, "wrong.elf"));
		close(elf.fd);
	}
	assert_string_equal(errors[0][0].message, errors[1][0].message);
	assert_string_equal(errors[0][1].message, errors[1][1].message);
	assert_int_equal(errors[0][1].at_kind, errors[1][1].at_kind);
	assert_int_equal(errors[0][1].at, errors[1][1].at);
}

/* --- what is kept, and for how long --- */

static void test_compiles_once_per_key(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox)
	sandbox = open_with((struct fl_sandbox_options){ .cached_images = 2 });
	struct fl_sandbox_elf elfs[3];
	for (uint8_t i = 0; i < 3; i++) {
		elfs[i] = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
		elfs[i].has_key = true;
		elfs[i].key[0] = i;
	}
	static const struct {
		uint8_t elf;
		const char *compiled;
	} steps[] = {
		{ 0, "compiled 1" }, { 0, "compiled 1" }, { 1, "compiled 2" },
		{ 0, "compiled 2" }, { 2, "compiled 3" }, /* 1 is the least recently used, and goes
							   */
		{ 0, "compiled 3" }, { 1, "compiled 4" },
	};
	struct fl_error err;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(act_on(sandbox, "count compiled", &elfs[steps[i].elf], 1, &err),
				 FL_ELIMIT);
		if (strcmp(err.message, steps[i].compiled) != 0)
			fail_msg("step %zu: %s", i, err.message);
	}
	/* more ELFs in one request than are kept */
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 3, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 5");
	for (size_t i = 0; i < 3; i++)
		close(elfs[i].fd);
}

/* A child that has an ELF, says that it has not, and says so again when it was given it. */
static void test_files_are_given_once(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
	struct fl_error err = { 0 };
	elf.has_key = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
		assert_string_equal(err.message, "compiled 1");
		assert_int_equal(act_on(sandbox, "want files", &elf, 1, &err), FL_ECHILD);
		assert_non_null(strstr(err.message, "asked for files that there are not"));
	}
	/* the next one knows no ELF, whatever the one before was given */
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 1");
	close(elf.fd);
}

/* Between copy and answer, between one look at a byte and the next. */
static void test_answer_that_changes_while_it_is_read(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ .requests = 2 });
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	for (int i = 0; i < 50; i++) {
		fl_report_close(analyze(sandbox, &dump, NULL));
		FL_AUTO(fl_report) report = NULL;
		struct fl_error err = { 0 };
		enum fl_code code = fl_sandbox_analyze(sandbox, "hostile scribble", 16, NULL, 0,
						       &report, NULL, &err);
		if (code == FL_ECHILD) {
			assert_non_null(strstr(err.message, "answered with a damaged report"));
			continue;
		}
		assert_int_equal(code, FL_OK);
		FL_AUTO_BUFFER bytes = { 0 };
		assert_int_equal(fl_report_encode(report, &bytes, &err), FL_OK);
	}
}

static void test_no_key_is_never_kept(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 1");
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 2");
	/* nor under another name: the name is in the report */
	elf.has_key = true;
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	elf.name = "other.elf";
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 4");
	close(elf.fd);
}

/* --- compiled in a child of its own --- */

static struct fl_sandbox *open_apart(void)
{
	return open_with((struct fl_sandbox_options){ .compile_apart = true, .requests = 4 });
}

static struct fl_sandbox_elf open_stored(const char *path)
{
	struct fl_sandbox_elf elf = open_elf(path, "fw.elf");
	elf.has_key = true;
	return elf;
}

/* The child that stays has compiled nothing, nor has the one after it. */
static void test_apart_the_child_compiles_nothing(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_apart();
	FL_AUTO(fl_sandbox)
	here = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	struct fl_sandbox_elf elf = open_stored(BUILD "/fw.elf");
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	FL_AUTO(fl_report) expected = analyze(here, &dump, &elf);
	hostile_symbols_opened = 0; /* that was here */
	for (int i = 0; i < 5; i++) {
		struct fl_error err;
		FL_AUTO(fl_report) report = analyze(sandbox, &dump, &elf);
		assert_same_text(report, expected);
		assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
		assert_string_equal(err.message, "compiled 0");
	}
	close(elf.fd);
}

static void test_apart_the_index_is_the_same(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_apart();
	FL_AUTO(fl_sandbox)
	here = open_with((struct fl_sandbox_options){ .mode = FL_SANDBOX_OFF });
	struct fl_sandbox_elf elf = open_stored(BUILD "/fw.elf");
	struct fl_error err;
	for (int i = 0; i < 2; i++) { /* asked for itself, and kept from an analysis */
		FL_AUTO_BUFFER index = { 0 };
		FL_AUTO_BUFFER expected = { 0 };
		elf.key[0] = (uint8_t)i;
		if (i)
			assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err),
					 FL_ELIMIT);
		assert_int_equal(fl_sandbox_encode_elf(here, &elf, true, &expected, NULL, &err),
				 FL_OK);
		assert_int_equal(fl_sandbox_encode_elf(sandbox, &elf, true, &index, NULL, &err),
				 FL_OK);
		assert_int_equal(index.size, expected.size);
		assert_memory_equal(index.data, expected.data, index.size);
	}
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 0");
	close(elf.fd);
}

/* More than are kept made, so that each is made again; more than that in one request. */
static void test_apart_more_than_are_kept(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_apart();
	struct fl_sandbox_elf elfs[6];
	struct fl_error err;
	for (uint8_t i = 0; i < 6; i++) {
		elfs[i] = open_stored(FL_CORPUS "/m0-os/fw.elf");
		elfs[i].key[0] = i;
	}
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(act_on(sandbox, "count compiled", &elfs[i % 6], 1, &err),
				 FL_ELIMIT);
		assert_string_equal(err.message, "compiled 0");
	}
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 6, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 2");
	for (size_t i = 0; i < 6; i++)
		close(elfs[i].fd);
}

static struct fl_sandbox_elf open_text(const char *text)
{
	char path[] = "/tmp/faultline-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	struct fl_sandbox_elf elf = open_stored(path);
	unlink(path);
	return elf;
}

/* An ELF costs what uses it, and says what it would have said. */
static void test_apart_bad_elfs(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
		enum fl_code code;
	} elfs[] = {
		{ "hostile elf", "the analysis process: ", FL_ECHILD }, /* ASan ends it otherwise */
		{ "hostile answer damaged", "answered with a damaged report", FL_ECHILD },
		{ "no ELF", "fw.elf: not an ELF file", FL_EFORMAT },
		{ "", "fw.elf: ", FL_EFORMAT },
	};
	FL_AUTO(fl_sandbox) sandbox = open_apart();
	AUTO_BYTES dump = read_file(BUILD "/null-read/dump.core");
	for (size_t i = 0; i < sizeof(elfs) / sizeof(elfs[0]); i++) {
		FL_AUTO(fl_report) report = NULL;
		FL_AUTO_BUFFER index = { 0 };
		struct fl_error err = { 0 };
		struct fl_sandbox_elf elf = open_text(elfs[i].text);
		elf.key[0] = (uint8_t)i;
		enum fl_code code = fl_sandbox_analyze(sandbox, dump.data, dump.size, &elf, 1,
						       &report, NULL, &err);
		if (code != elfs[i].code || !strstr(err.message, elfs[i].message))
			fail_msg("%s: %d, %s", elfs[i].text, code, err.message);
		assert_int_equal(fl_sandbox_encode_elf(sandbox, &elf, true, &index, NULL, &err),
				 elfs[i].code);
		fl_report_close(analyze(sandbox, &dump, NULL)); /* it still answers */
		close(elf.fd);
	}
}

static void test_apart_the_index_cannot_be_written(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_apart();
	struct fl_sandbox_elf elf = open_stored(FL_CORPUS "/m0-os/fw.elf");
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "write index", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "read 1, written 0");
	close(elf.fd);
}

static void test_child_is_replaced_after_its_share(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ .requests = 2 });
	struct fl_sandbox_elf elf = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
	elf.has_key = true;
	static const char *const compiled[] = { "compiled 1", "compiled 0", "compiled 0" };
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, compiled[0]);
	assert_int_equal(act_on(sandbox, "count compiled", NULL, 0, &err), FL_ELIMIT);
	assert_string_equal(err.message, compiled[0]);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(act_on(sandbox, "count compiled", NULL, 0, &err), FL_ELIMIT);
		assert_string_equal(err.message, compiled[i]);
	}
	close(elf.fd);
}

static void test_child_holds_no_other_descriptor(void **state)
{
	(void)state;
	int secret = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, like a careless caller */
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elf = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
	struct fl_error err;
	/* once with an ELF, then without: descriptors of a request end with it */
	assert_int_equal(act_on(sandbox, "count descriptors", &elf, 1, &err), FL_ELIMIT);
	assert_string_equal(err.message, "1 descriptors");
	assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), FL_ELIMIT);
	assert_int_equal(act_on(sandbox, "count descriptors", NULL, 0, &err), FL_ELIMIT);
	assert_string_equal(err.message, "0 descriptors");
	close(elf.fd);
	close(secret);
}

/* --- what is refused before the child sees it --- */

static void test_descriptors_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		int flags;
		enum fl_code code;
		const char *says;
	} cases[] = {
		{ "/tmp", O_RDONLY | O_DIRECTORY, FL_EINVALID, "not a regular file" },
		{ "/dev/null", O_RDONLY, FL_EINVALID, "not a regular file" },
		{ "/dev/null", O_RDWR, FL_EINVALID, "for reading only" },
		{ BUILD "/fw.elf", O_PATH, FL_EINVALID, "for reading only" },
	};
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_sandbox_elf elf = { .fd = open(cases[i].path, cases[i].flags),
					      .name = "it.elf" };
		struct fl_error err;
		assert_int_equal(act_on(sandbox, "count compiled", &elf, 1, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
		assert_non_null(strstr(err.message, "it.elf"));
		close(elf.fd);
	}
	struct fl_sandbox_elf closed = { .fd = 1000, .name = "it.elf" };
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", &closed, 1, &err), FL_EIO);
}

static void test_too_many_elfs(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_with((struct fl_sandbox_options){ 0 });
	struct fl_sandbox_elf elfs[33];
	for (size_t i = 0; i < 33; i++)
		elfs[i] = open_elf(FL_CORPUS "/m0-os/fw.elf", "fw.elf");
	struct fl_error err;
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 33, &err), FL_ELIMIT);
	assert_non_null(strstr(err.message, "at most 32"));
	assert_int_equal(act_on(sandbox, "count compiled", elfs, 32, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 32");
	for (size_t i = 0; i < 33; i++)
		close(elfs[i].fd);
}

/* --- inspect --- */

static void assert_modules(const struct fl_sandbox_modules *modules)
{
	assert_true(modules->count >= 2); /* the outer ELF and what is embedded in it */
	assert_string_equal(modules->modules[0].name, "fw.elf");
	for (size_t i = 0; i < modules->count; i++) {
		assert_true(modules->modules[i].name[0]);
		assert_int_equal(modules->modules[i].build_id_size, 20);
		assert_true(modules->modules[i].has_debug_info);
		assert_true(modules->modules[i].function_count > 0);
	}
}

static void test_inspect(void **state)
{
	(void)state;
	static const enum fl_sandbox_mode modes[] = { FL_SANDBOX_AUTO, FL_SANDBOX_OFF };
	for (size_t i = 0; i < 2; i++) {
		FL_AUTO(fl_sandbox)
		sandbox = open_with((struct fl_sandbox_options){ .mode = modes[i] });
		struct fl_sandbox_elf elf = open_elf(FL_CORPUS "/m4f-aux/fw.elf", "fw.elf");
		struct fl_sandbox_modules modules = { 0 };
		struct fl_error err = { 0 };
		if (fl_sandbox_inspect_elf(sandbox, &elf, &modules, NULL, &err))
			fail_msg("%s", err.message);
		assert_modules(&modules);
		fl_sandbox_modules_deinit(&modules);
		fl_sandbox_modules_deinit(&modules);
		close(elf.fd);
		elf = open_elf(BUILD "/null-read/dump.core", "no.elf");
		assert_int_equal(fl_sandbox_inspect_elf(sandbox, &elf, &modules, NULL, &err),
				 FL_EFORMAT);
		assert_non_null(strstr(err.message, "no.elf"));
		assert_null(modules.modules);
		close(elf.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_bad_rules_fail_at_once),
		cmocka_unit_test(test_child_answers_like_the_engine),
		cmocka_unit_test(test_same_bytes_warm_and_cold),
		cmocka_unit_test(test_bytes_of_the_report),
		cmocka_unit_test(test_bytes_of_another_version),
		cmocka_unit_test(test_facts_of_the_report),
		cmocka_unit_test(test_facts_of_another_version),
		cmocka_unit_test(test_events_in_child_and_engine),
		cmocka_unit_test(test_large_and_empty_dumps),
		cmocka_unit_test(test_errors_are_the_engines),
		cmocka_unit_test(test_compiles_once_per_key),
		cmocka_unit_test(test_files_are_given_once),
		cmocka_unit_test(test_answer_that_changes_while_it_is_read),
		cmocka_unit_test(test_no_key_is_never_kept),
		cmocka_unit_test(test_apart_the_child_compiles_nothing),
		cmocka_unit_test(test_apart_the_index_is_the_same),
		cmocka_unit_test(test_apart_more_than_are_kept),
		cmocka_unit_test(test_apart_bad_elfs),
		cmocka_unit_test(test_apart_the_index_cannot_be_written),
		cmocka_unit_test(test_child_is_replaced_after_its_share),
		cmocka_unit_test(test_child_holds_no_other_descriptor),
		cmocka_unit_test(test_descriptors_are_checked),
		cmocka_unit_test(test_too_many_elfs),
		cmocka_unit_test(test_inspect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

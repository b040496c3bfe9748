/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of the library fails once, in turn: each call must say FL_ENOMEM, leak nothing
 * (ASan's build sees leaks) and work when tried again.
 */
#include "alloc/failing_heap.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <faultline/faultline.h>

#include <string.h>

static struct fl_buffer elf;
static struct fl_buffer dump;

static int read_case(void **state)
{
	(void)state;
	elf.data = corpus_read(FL_CORPUS "/m4f-og/fw.elf", &elf.size);
	dump.data = corpus_read(FL_CORPUS "/m4f-og/fault-in-isr/dump.core", &dump.size);
	assert_true(elf.data && dump.data);
	return 0;
}

static int free_case(void **state)
{
	(void)state;
	fl_buffer_deinit(&elf);
	fl_buffer_deinit(&dump);
	return 0;
}

static enum fl_code open_symbols(struct fl_error *err)
{
	FL_AUTO(fl_symbols) symbols = NULL;
	return fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, err);
}

static const struct fl_symbols *compiled;

static enum fl_code encode_and_decode(struct fl_error *err)
{
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO(fl_symbols) symbols = NULL;
	enum fl_code code = fl_symbols_encode(compiled, NULL, &bytes, err);
	return code ? code : fl_symbols_decode(bytes.data, bytes.size, &symbols, err);
}

static const struct fl_symbols *shared_symbols;

static enum fl_code render(const struct fl_report *report, struct fl_error *err)
{
	FL_AUTO(fl_report) again = NULL;
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO_BUFFER text = { 0 };
	FL_AUTO_BUFFER json = { 0 };
	FL_AUTO_BUFFER why = { 0 };
	enum fl_code code = fl_report_encode(report, &bytes, err);
	if (!code)
		code = fl_report_decode(bytes.data, bytes.size, &again, err);
	if (!code)
		code = fl_report_text(again, NULL, &text, err);
	if (!code)
		code = fl_report_json(again, &json, err);
	if (!code)
		code = fl_report_explain(again, &why, err);
	return code;
}

static enum fl_code analyze_and_render(struct fl_error *err)
{
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code =
		fl_analyze(dump.data, dump.size, &shared_symbols, 1, NULL, &report, err);
	return code ? code : render(report, err);
}

/* A hard fault with pc and lr in the image, then a trace with status and log (docs/formats.md). */
static const uint8_t reboot_event[] = { 0xa2, 0x02, 0x02, 0x04, 0xa3, 0x01, 0x19, 0x94, 0x00,
					0x02, 0x19, 0x08, 0xcc, 0x03, 0x19, 0x08, 0xd9 };
static const uint8_t trace_event[] = { 0xa2, 0x02, 0x02, 0x04, 0xa4, 0x06, 0x03, 0x02, 0x19,
				       0x08, 0xd0, 0x07, 0x22, 0x08, 0x42, 'n',  'o' };

static enum fl_code analyze_events_and_render(struct fl_error *err)
{
	FL_AUTO(fl_report) reboot = NULL;
	FL_AUTO(fl_report) trace = NULL;
	enum fl_code code = fl_analyze_event(reboot_event, sizeof(reboot_event), &shared_symbols, 1,
					     NULL, &reboot, err);
	if (!code)
		code = fl_analyze_event(trace_event, sizeof(trace_event), &shared_symbols, 1, NULL,
					&trace, err);
	if (!code)
		code = render(reboot, err);
	return code ? code : render(trace, err);
}

/* A batch with a project key: an assert, and a trace with texts in parts and a compact log. */
static const uint8_t events[] = {
	0x42, 'k',  0,    0x82, 0xa4, 0x02, 0x02, 0x09, 0x63, '1',  '.',  '2',  0x0b,
	0x45, 1,    2,    3,    4,    5,    0x04, 0xa2, 0x01, 0x19, 0x80, 0x01, 0x03,
	0x05, 0xa3, 0x02, 0x02, 0x07, 0x7f, 0x61, 'a',  0x61, 'b',  0xff, 0x04, 0xa2,
	0x08, 0x5f, 0x41, 'x',  0x41, 'y',  0xff, 0x09, 0x82, 0x08, 0x61, 's',
};

static enum fl_code open_events(struct fl_error *err)
{
	FL_AUTO(fl_message) message = NULL;
	enum fl_code code = fl_message_open(events, sizeof(events), &message, err);
	if (code)
		return code;
	size_t count;
	const struct fl_item *items = fl_message_items(message, &count);
	assert_int_equal(count, 2);
	assert_int_equal(items[0].kind, FL_ITEM_REBOOT);
	assert_int_equal(items[1].kind, FL_ITEM_TRACE);
	FL_AUTO(fl_event) event = NULL;
	code = fl_event_open(items[1].bytes, items[1].size, &event, err);
	if (!code) {
		assert_string_equal(fl_event_facts(event)->log, "xy");
		assert_non_null(fl_event_facts(event)->compact);
	}
	return code;
}

static enum fl_code open_coredump(struct fl_error *err)
{
	static const uint8_t cut[] = { 0x81, 0x07, 'C', 'O', 'R', 'E', 0x10 };
	FL_AUTO(fl_message) message = NULL;
	return fl_message_open(cut, sizeof(cut), &message, err);
}

static enum fl_code
ignore_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	(void)message;
	(void)err;
	++*(unsigned *)context;
	return FL_OK;
}

/* A message in two chunks with a restart in between. */
static enum fl_code push_and_restore(struct fl_error *err)
{
	static const uint8_t first[] = { 0x48, 3, 0x02 };
	static const uint8_t last[] = { 0x80, 1, 0xa7, 0x02, 0xcb, 0xca };
	struct fl_transport_counts counts = { 0 };
	unsigned messages = 0;
	FL_AUTO(fl_stream) stream = NULL;
	FL_AUTO(fl_stream) restored = NULL;
	FL_AUTO_BUFFER saved = { 0 };
	enum fl_code code = fl_stream_open(0, &stream, err);
	if (!code)
		code = fl_stream_push(stream, first, sizeof(first), ignore_message, &messages,
				      &counts, err);
	if (!code)
		code = fl_stream_save(stream, &saved, err);
	if (!code)
		code = fl_stream_restore(saved.data, saved.size, 0, &restored, err);
	if (!code)
		code = fl_stream_push(restored, last, sizeof(last), ignore_message, &messages,
				      &counts, err);
	/* What could not be taken is not counted. */
	assert_int_equal(counts.chunks, code ? counts.bytes / sizeof(first) : 2);
	assert_int_equal(messages, code ? 0 : 1);
	return code;
}

static enum fl_code ignore_item(void *context, const void *bytes, size_t size, struct fl_error *err)
{
	(void)context;
	(void)bytes;
	(void)size;
	(void)err;
	return FL_OK;
}

/* Fed in two pieces: something is kept between them. */
static enum fl_code
read_carrier(enum fl_carrier carrier, const char *boundary, const char *text, struct fl_error *err)
{
	FL_AUTO(fl_carrier_reader) reader = NULL;
	struct fl_carrier_counts counts = { 0 };
	size_t half = strlen(text) / 2;
	enum fl_code code = fl_carrier_reader_open(carrier, boundary, &reader, err);
	if (!code)
		code = fl_carrier_reader_feed(reader, text, half, ignore_item, NULL, &counts, err);
	if (!code)
		code = fl_carrier_reader_feed(reader, text + half, strlen(text) - half, ignore_item,
					      NULL, &counts, err);
	if (!code)
		code = fl_carrier_reader_end(reader, ignore_item, NULL, &counts, err);
	assert_int_equal(counts.damaged, 0);
	assert_true(code || counts.items == 1);
	return code;
}

static enum fl_code read_carriers(struct fl_error *err)
{
	enum fl_code code = read_carrier(FL_CARRIER_LOG, NULL, "MC:CAKnAsvK:\n", err);
	if (!code)
		code = read_carrier(FL_CARRIER_BASE64, NULL, "CAKn\nAsvK\n", err);
	if (!code)
		code = read_carrier(FL_CARRIER_BASE64, NULL, "Q09S\nRQIA\n", err);
	if (!code)
		code = read_carrier(FL_CARRIER_CHUNK, NULL, "chunk", err);
	if (!code)
		code = read_carrier(FL_CARRIER_MULTIPART, "B", "--B\n\nchunk\n--B--\n", err);
	if (!code)
		code = read_carrier(FL_CARRIER_MULTIPART, NULL, "--B\n\nchunk\n--B--\n", err);
	return code;
}

static enum fl_code open_rules(struct fl_error *err)
{
	static const struct fl_rules_file file = { "irrelevant", "foo\nbar*\n# comment\n" };
	FL_AUTO(fl_rules) rules = NULL;
	return fl_rules_open(&file, 1, &rules, err);
}

/* Fail the n-th call for every n up to @p dense, then every @p stride-th. */
static void
fail_each(enum fl_code (*run)(struct fl_error *err), unsigned long dense, unsigned long stride)
{
	struct fl_error err = { 0 };
	heap_calls = 0;
	assert_int_equal(run(&err), FL_OK);
	unsigned long total = heap_calls;
	assert_true(total > 0);
	unsigned long tried = 0;
	for (unsigned long n = 1; n <= total; n += n < dense ? 1 : stride) {
		memset(&err, 0, sizeof(err));
		heap_fail_in = n;
		enum fl_code code = run(&err);
		heap_fail_in = 0;
		if (code != FL_ENOMEM)
			print_message("allocation %lu of %lu: %s: %s\n", n, total,
				      fl_code_name(code), err.message);
		assert_int_equal(code, FL_ENOMEM);
		assert_true(err.message[0]);
		tried++;
	}
	print_message("%lu of %lu allocations failed in turn\n", tried, total);
	assert_int_equal(run(&err), FL_OK);
}

static void test_symbols(void **state)
{
	(void)state;
	fail_each(open_symbols, 60, 37);
	FL_AUTO(fl_symbols) symbols = NULL;
	assert_int_equal(fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, NULL), FL_OK);
	compiled = symbols;
	fail_each(encode_and_decode, 100, 1);
}

static void test_analysis_and_rendering(void **state)
{
	(void)state;
	FL_AUTO(fl_symbols) symbols = NULL;
	assert_int_equal(fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, NULL), FL_OK);
	shared_symbols = symbols;
	fail_each(analyze_and_render, 100000, 1);
	fail_each(analyze_events_and_render, 100000, 1);
}

static void test_messages(void **state)
{
	(void)state;
	fail_each(open_events, 1000, 1);
	fail_each(open_coredump, 1000, 1);
}

static void test_transport(void **state)
{
	(void)state;
	fail_each(push_and_restore, 1000, 1);
	fail_each(read_carriers, 1000, 1);
}

static void test_rules(void **state)
{
	(void)state;
	fail_each(open_rules, 1000, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),  cmocka_unit_test(test_analysis_and_rendering),
		cmocka_unit_test(test_messages), cmocka_unit_test(test_transport),
		cmocka_unit_test(test_rules),
	};
	return cmocka_run_group_tests(tests, read_case, free_case);
}

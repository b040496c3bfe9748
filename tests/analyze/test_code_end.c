/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that ends with a call of a function which never returns, as a compiler ends the function
 * that is linked last. The return address has no code behind it, and in the section headers of each
 * recorded image the code is made to end at each return address in turn.
 */
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <faultline/analyze.h>
#include <faultline/symbols.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct image {
	uint8_t *bytes;
	size_t size;
};

/* The section with @p end in it ends there; false: there is none. */
static bool end_code(struct image *image, uint32_t end)
{
	Elf32_Ehdr header;
	bool cut = false;
	memcpy(&header, image->bytes, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		Elf32_Shdr section;
		uint8_t *at = image->bytes + header.e_shoff + i * sizeof(section);
		memcpy(&section, at, sizeof(section));
		if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR) ||
		    end - section.sh_addr >= section.sh_size)
			continue;
		section.sh_size = end - section.sh_addr;
		memcpy(at, &section, sizeof(section));
		cut = true;
	}
	return cut;
}

static struct fl_report *analyze(const struct corpus_case *c, const struct image *image)
{
	FL_AUTO(fl_symbols) symbols = NULL;
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_symbols_open(image->bytes, image->size, "fw.elf", &symbols, &err))
		fail_msg("%s: %s", c->name, err.message);
	const struct fl_symbols *all = symbols;
	if (fl_analyze(c->dump, c->dump_size, &all, 1, NULL, &report, &err))
		fail_msg("%s: %s", c->name, err.message);
	return report;
}

static const struct fl_thread *crashed(const struct fl_report *report)
{
	for (size_t i = 0; i < report->trace.thread_count; i++)
		if (report->trace.threads[i].crashed)
			return &report->trace.threads[i];
	return NULL;
}

static void check_end_at(const struct corpus_case *c, uint32_t end)
{
	struct image image = { 0 };
	image.bytes = corpus_read(c->elf, &image.size);
	assert_non_null(image.bytes);
	if (end_code(&image, end)) {
		FL_AUTO(fl_report) report = analyze(c, &image);
		const struct fl_thread *thread = crashed(report);
		assert_non_null(thread);
		assert_true(thread->frame_count);
	}
	free(image.bytes);
}

static void visit(const struct corpus_case *c, void *user)
{
	size_t *checked = user;
	struct image image = { 0 };
	image.bytes = corpus_read(c->elf, &image.size);
	FL_AUTO(fl_report) whole = analyze(c, &image);
	free(image.bytes);
	const struct fl_thread *thread = crashed(whole);
	for (size_t i = 0; thread && i < thread->frame_count; i++) {
		const struct fl_frame *frame = &thread->frames[i];
		if (frame->kind == FL_FRAME_CODE && !frame->inlined &&
		    frame->lookup_pc < frame->pc) {
			check_end_at(c, frame->pc);
			++*checked;
		}
	}
}

static void test_code_ends_with_a_call(void **state)
{
	size_t checked = 0;
	(void)state;
	corpus_each(FL_CORPUS, visit, &checked);
	assert_true(checked > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_code_ends_with_a_call) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/unwound.h"

#include "dump/dump.h"
#include "fault/decode.h"
#include "support/cmocka.h"
#include "support/expected_frames.h"

static void layer_memory(struct unwound *u)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(u->dump, &count);
	assert_int_equal(fl_memory_layer(&u->memory, &u->arena, spans, count), FL_OK);
	fl_fault_decode(&u->memory, fl_module_arch(u->view.modules[0]), &u->fault);
	for (size_t i = 0; i < u->view.count; i++) {
		spans = fl_module_spans(u->view.modules[i], &count);
		assert_int_equal(fl_memory_layer(&u->memory, &u->arena, spans, count), FL_OK);
	}
}

void unwound_open(struct unwound *u, const struct corpus_case *c, const uint8_t *elf, size_t size)
{
	struct fl_error err = { 0 };
	size_t contexts;
	if (fl_dump_open(c->dump, c->dump_size, &u->dump, &err))
		fail_msg("%s: %s", c->name, err.message);
	if (fl_symbols_open(elf, size, "fw.elf", &u->symbols, &err))
		fail_msg("%s: %s", c->name, err.message);
	assert_true(fl_view_add(&u->view, u->symbols));
	layer_memory(u);

	u->findings.arena = &u->arena;
	u->result.frames =
		fl_arena_array(&u->arena, FL_LIMIT_FRAMES, sizeof(struct fl_unwound_frame));
	assert_non_null(u->result.frames);
	const struct fl_unwind_input input = {
		.regs = fl_dump_contexts(u->dump, &contexts),
		.memory = &u->memory,
		.symbols = &u->view,
		.arch = fl_module_arch(u->view.modules[0]),
		.fault_effects = u->fault.effects,
	};
	fl_unwind(&input, &u->findings, &u->result);
	assert_int_equal(fl_symbolize(&u->view, u->result.frames, u->result.count, &u->arena,
				      &u->frames, &u->frame_count),
			 FL_OK);
}

void unwound_free(struct unwound *u)
{
	fl_symbols_close(u->symbols);
	fl_dump_close(u->dump);
	fl_arena_deinit(&u->arena);
	*u = (struct unwound){ 0 };
}

void unwound_print(const struct unwound *u)
{
	char text[200];
	expected_frames_print(u->frames, u->frame_count);
	fl_unwind_stop_text(&u->result, text, sizeof(text));
	print_error("  %s: %s\n", fl_stop_name(u->result.stop), text);
	for (size_t i = 0; i < u->findings.count; i++)
		print_error("  (%s)\n", u->findings.items[i].text);
}

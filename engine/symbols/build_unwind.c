/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "symbols/cfi_compile.h"

#include <stdlib.h>
#include <string.h>

enum rank {
	RANK_NONE,     /* of a discarded function */
	RANK_INSIDE,   /* begins inside a function, or nothing is known there */
	RANK_FUNCTION, /* begins where a function does */
	RANK_EXACT,    /* and is as long */
};

/* Expanded rows, before the rules are interned away. */
struct row {
	uint32_t pc;
	uint32_t rule; /* index into RULES, or FL_INDEX_NONE */
};

struct expanded {
	uint32_t first_row, row_count;
	bool done;
};

struct unwinder {
	struct fl_build *b;
	struct fl_vec rows;            /* struct row */
	struct fl_intern seen;         /* serialised rules; entry number = rule id */
	struct expanded *frames;       /* one per frame program */
	struct fl_unwind_rule pending; /* of the last pc seen: another row at it may follow */
	uint32_t pending_pc;
	bool is_pending;
	size_t damaged;
	struct fl_rows_out out;
	struct row waiting; /* to be written: another row at its pc would replace it */
	bool is_waiting;
};

static enum rank rank_of(const struct fl_build *b, const struct fl_frame_program *f)
{
	if (!fl_build_is_code(b, f->range.addr, (uint64_t)f->range.addr + f->range.size))
		return RANK_NONE;
	uint32_t i = fl_build_segment(b, f->range.addr);
	const struct fl_piece *s =
		i == FL_NO_INDEX ? NULL : fl_vec_at(&b->segments, struct fl_piece, i);
	bool inside = s && f->range.addr - s->addr < s->size;
	if (inside) {
		const struct fl_function_source *source =
			fl_vec_at(&b->sources, struct fl_function_source, s->id);
		if (source->addr == f->range.addr)
			return source->size == f->range.size ? RANK_EXACT : RANK_FUNCTION;
	}
	/* With symbols, code that none names is as good as discarded. */
	bool tombstone = f->range.addr <= 1;
	return !tombstone && (inside || !b->has_function_symbols) ? RANK_INSIDE : RANK_NONE;
}

static int32_t intern_expression(struct unwinder *u, const struct fl_expression *e)
{
	uint32_t before = (uint32_t)u->b->expressions.entries.count;
	uint32_t i = fl_intern_add(&u->b->expressions, e->bytes, e->size);
	if (i == UINT32_MAX || i > INT32_MAX) {
		u->b->failed = true;
		return 0;
	}
	if (i == before) {
		const struct fl_intern_entry *entry =
			fl_vec_at(&u->b->expressions.entries, struct fl_intern_entry, i);
		struct fl_index_bytes *out = fl_build_add(u->b, FL_INDEX_EXPRESSIONS);
		if (out)
			*out = (struct fl_index_bytes){ entry->off, entry->size };
	}
	return (int32_t)i;
}

static struct fl_index_register
pack_register(struct unwinder *u, uint8_t number, const struct fl_register_rule *rule)
{
	bool expression = rule->kind == FL_RULE_EXPRESSION || rule->kind == FL_RULE_VAL_EXPRESSION;
	return (struct fl_index_register){
		.number = number,
		.kind = rule->kind,
		.other = rule->other,
		.value = expression ? intern_expression(u, &rule->expression) : rule->offset,
	};
}

struct packed_rule {
	struct fl_index_rule head;
	struct fl_index_register regs[FL_CORE_REGISTERS];
};

static struct packed_rule pack(struct unwinder *u, const struct fl_unwind_rule *rule)
{
	struct packed_rule packed = {
		.head = { .cfa_kind = rule->cfa_kind,
			  .cfa_register = rule->cfa_register,
			  .return_column = rule->return_column,
			  .signal_frame = rule->signal_frame,
			  .cfa_value = rule->cfa_kind == FL_CFA_EXPRESSION
					       ? intern_expression(u, &rule->cfa_expression)
					       : rule->cfa_offset },
	};
	for (uint8_t i = 0; i < FL_CORE_REGISTERS; i++)
		if (rule->regs[i].kind != FL_RULE_UNSPECIFIED)
			packed.regs[packed.head.register_count++] =
				pack_register(u, i, &rule->regs[i]);
	return packed;
}

static void emit_rule(struct unwinder *u, const struct packed_rule *packed)
{
	struct fl_index_rule *out = fl_build_add(u->b, FL_INDEX_RULES);
	if (!out)
		return;
	*out = packed->head;
	out->first_register = (uint32_t)u->b->tables[FL_INDEX_RULE_REGISTERS].count;
	for (uint32_t i = 0; i < packed->head.register_count; i++) {
		struct fl_index_register *reg = fl_build_add(u->b, FL_INDEX_RULE_REGISTERS);
		if (reg)
			*reg = packed->regs[i];
	}
}

static uint32_t rule_id(struct unwinder *u, const struct fl_unwind_rule *rule)
{
	if (rule->cfa_kind == FL_CFA_NONE) /* a program that broke off ends like this */
		return FL_INDEX_NONE;
	struct packed_rule packed = pack(u, rule);
	size_t size = sizeof(packed.head) + packed.head.register_count * sizeof(packed.regs[0]);
	size_t before = u->seen.entries.count;
	uint32_t id = fl_intern_add(&u->seen, &packed, size);
	if (id == UINT32_MAX) {
		u->b->failed = true;
		return FL_INDEX_NONE;
	}
	if (id == before)
		emit_rule(u, &packed);
	return id;
}

static bool flush(struct unwinder *u)
{
	if (!u->is_pending)
		return true;
	struct row row = { u->pending_pc, rule_id(u, &u->pending) };
	u->is_pending = false;
	return !u->b->failed && u->rows.count < FL_INDEX_NONE && fl_vec_push(&u->rows, &row);
}

static bool take_row(void *context, uint32_t pc, const struct fl_unwind_rule *rule)
{
	struct unwinder *u = context;
	if (u->pending_pc != pc && !flush(u))
		return false;
	u->pending = *rule;
	u->pending_pc = pc;
	u->is_pending = true;
	return true;
}

static void expand(struct unwinder *u, uint32_t index)
{
	struct expanded *out = &u->frames[index];
	const struct fl_frame_program *f =
		fl_vec_at(&u->b->image->debug.frames, const struct fl_frame_program, index);
	struct fl_cfi_program program = {
		.cie_instructions = f->cie_instructions,
		.cie_size = f->cie_size,
		.fde_instructions = f->fde_instructions,
		.fde_size = f->fde_size,
		.fde_off = f->fde_off,
		.code_align = f->code_align,
		.data_align = f->data_align,
		.return_column = f->return_column,
		.signal_frame = f->signal_frame,
		.addr = f->range.addr,
		.size = f->range.size,
	};
	out->done = true;
	out->first_row = (uint32_t)u->rows.count;
	enum fl_code code = fl_cfi_expand(&program, take_row, u, NULL);
	if (!flush(u) || code == FL_ENOMEM)
		u->b->failed = true;
	u->damaged += code != FL_OK;
	out->row_count = (uint32_t)u->rows.count - out->first_row;
}

static void write_waiting(struct unwinder *u)
{
	if (u->is_waiting)
		fl_build_value(u->b, &u->out, u->waiting.pc, u->waiting.rule);
	u->is_waiting = false;
}

/* The last row at a pc wins; one that changes nothing is not kept. */
static void emit(struct unwinder *u, uint32_t pc, uint32_t rule)
{
	if (u->is_waiting && u->waiting.pc == pc)
		u->is_waiting = false;
	uint32_t last = u->is_waiting  ? u->waiting.rule
			: u->out.count ? u->out.value.value
				       : FL_INDEX_NONE;
	if (last == rule)
		return;
	write_waiting(u);
	u->waiting = (struct row){ pc, rule };
	u->is_waiting = true;
}

static void emit_segment(struct unwinder *u, const struct fl_piece *s)
{
	struct expanded *e = &u->frames[s->id];
	if (!e->done)
		expand(u, s->id);
	if (!e->row_count)
		return;
	const struct row *rows = fl_vec_at(&u->rows, const struct row, e->first_row);
	uint64_t end = (uint64_t)s->addr + s->size;
	uint32_t i = 0;
	while (i + 1 < e->row_count && rows[i + 1].pc <= s->addr)
		i++;
	for (; i < e->row_count && rows[i].pc < end && !u->b->failed; i++)
		emit(u, rows[i].pc > s->addr ? rows[i].pc : s->addr, rows[i].rule);
	if (end <= UINT32_MAX)
		emit(u, (uint32_t)end, FL_INDEX_NONE);
}

static void tell(struct unwinder *u)
{
	struct fl_findings *findings = &u->b->image->findings;
	const char *name = u->b->image->elf.name;
	if (u->damaged)
		fl_finding_add(findings, FL_STAGE_SYMBOLS, FL_WARNING, FL_EFORMAT, FL_AT_NONE, 0,
			       "%s: %zu call frame programs are damaged", name, u->damaged);
}

void fl_build_unwind(struct fl_build *b)
{
	const struct fl_vec *frames = &b->image->debug.frames;
	struct fl_vec claims = FL_VEC(struct fl_claim);
	struct fl_vec segments = FL_VEC(struct fl_piece);
	struct unwinder u = { .b = b,
			      .rows = FL_VEC(struct row),
			      .seen = FL_INTERN,
			      .out = { .addrs = FL_INDEX_UNWIND_ADDRS } };
	if (!frames->count || b->failed)
		return;
	u.frames = calloc(frames->count, sizeof(*u.frames));
	b->failed |= !u.frames;
	for (uint32_t i = 0; i < frames->count && !b->failed; i++) {
		const struct fl_frame_program *f =
			fl_vec_at(frames, const struct fl_frame_program, i);
		struct fl_claim claim = { .addr = f->range.addr,
					  .end = (uint64_t)f->range.addr + f->range.size,
					  .rank = rank_of(b, f),
					  .id = i };
		if (claim.rank != RANK_NONE && !fl_vec_push(&claims, &claim))
			b->failed = true;
	}
	if (!b->failed && !fl_claims_resolve(&claims, &segments))
		b->failed = true;
	for (size_t i = 0; i < segments.count && !b->failed; i++)
		emit_segment(&u, fl_vec_at(&segments, const struct fl_piece, i));
	write_waiting(&u);
	fl_build_rows_end(b, FL_INDEX_UNWIND_ADDRS);
	tell(&u);
	free(u.frames);
	fl_vec_deinit(&u.rows);
	fl_intern_deinit(&u.seen);
	fl_vec_deinit(&claims);
	fl_vec_deinit(&segments);
}

void fl_build_exidx(struct fl_build *b)
{
	const struct fl_image *image = b->image;
	for (size_t i = 0; i < image->exidx.count && !b->failed; i++) {
		const struct fl_exidx_row *row =
			fl_vec_at(&image->exidx, const struct fl_exidx_row, i);
		const uint8_t *opcodes = NULL;
		if (row->opcode_count)
			opcodes = fl_vec_at(&image->exidx_opcodes, const uint8_t, row->opcode_off);
		uint32_t entry = fl_intern_add(&b->opcodes, opcodes, row->opcode_count);
		uint32_t *key = fl_build_add(b, FL_INDEX_EXIDX_ADDRS);
		struct fl_index_exidx *out = fl_build_add(b, FL_INDEX_EXIDX);
		if (!key || !out || entry == UINT32_MAX) {
			b->failed = true;
			return;
		}
		*key = row->addr;
		*out = (struct fl_index_exidx){
			.off = fl_vec_at(&b->opcodes.entries, struct fl_intern_entry, entry)->off,
			.count = (uint16_t)row->opcode_count,
			.flags = (uint16_t)((row->cantunwind ? FL_INDEX_CANTUNWIND : 0) |
					    (row->damaged ? FL_INDEX_DAMAGED : 0)),
		};
	}
}

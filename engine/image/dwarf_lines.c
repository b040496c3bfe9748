/* SPDX-License-Identifier: Apache-2.0 */
/* Line programs: DWARF 5, 6.2.5. */
#include "image/dwarf_read.h"

/* The registers that matter; every row is taken, statements or not. */
struct machine {
	struct fl_line_table *table;
	struct fl_debug_info *debug;
	struct fl_cursor c;
	uint64_t addr;
	uint64_t last; /* address of the last row of the sequence that was usable */
	uint64_t file, column;
	uint32_t path; /* of the file, once a row has it */
	bool has_path;
	uint64_t line;
	uint32_t operation;
	uint32_t first_row; /* of the sequence */
	bool stop;
};

static void reset(struct machine *m)
{
	m->addr = 0;
	m->last = 0;
	m->file = 1;
	m->has_path = false;
	m->line = 1;
	m->column = 0;
	m->operation = 0;
	m->first_row = (uint32_t)m->debug->rows.count;
}

static void out_of_memory(struct machine *m)
{
	m->table->dwarf->out_of_memory = true;
	m->stop = true;
}

/* Addresses only increase within a sequence. A row that steps back is not usable. */
static bool is_usable(struct machine *m, uint64_t addr)
{
	if (addr < m->last || addr > UINT32_MAX)
		return false;
	m->last = addr;
	return true;
}

static uint32_t path_of(struct machine *m)
{
	if (!m->has_path)
		m->path = fl_line_table_file(m->table, m->file);
	m->has_path = true;
	return m->path;
}

static void emit(struct machine *m)
{
	struct fl_vec *rows = &m->debug->rows;
	uint64_t addr = m->addr & ~UINT64_C(1);
	if (!is_usable(m, addr))
		return;
	struct fl_line_row *row = rows->count < FL_NO_INDEX ? fl_vec_next(rows) : NULL;
	if (!row) {
		out_of_memory(m);
		return;
	}
	*row = (struct fl_line_row){
		.addr = (uint32_t)addr,
		.file = path_of(m),
		.line = m->line > UINT32_MAX ? 0 : (uint32_t)m->line,
		.column = m->column > UINT32_MAX ? 0 : (uint32_t)m->column,
	};
	rows->count++;
}

static void end_sequence(struct machine *m)
{
	struct fl_vec *rows = &m->debug->rows;
	uint64_t addr = m->addr & ~UINT64_C(1);
	struct fl_line_sequence sequence = {
		.unit = m->table->unit->number,
		.end = is_usable(m, addr) ? addr : m->last,
		.first_row = m->first_row,
		.row_count = (uint32_t)rows->count - m->first_row,
	};
	if (sequence.row_count)
		sequence.addr = fl_vec_at(rows, struct fl_line_row, m->first_row)->addr;
	if (sequence.end <= sequence.addr)
		rows->count = m->first_row;
	else if (sequence.row_count && !fl_vec_push(&m->debug->sequences, &sequence))
		out_of_memory(m);
	reset(m);
}

static void advance(struct machine *m, uint64_t operations)
{
	const struct fl_line_table *t = m->table;
	if (t->operations <= 1) {
		m->addr += t->instruction_size * operations;
		return;
	}
	uint64_t total = m->operation + operations;
	m->addr += t->instruction_size * (total / t->operations);
	m->operation = (uint32_t)(total % t->operations);
}

static void run_special(struct machine *m, uint8_t opcode)
{
	const struct fl_line_table *t = m->table;
	unsigned adjusted = (unsigned)opcode - t->opcode_base;
	advance(m, adjusted / t->line_range);
	m->line += (uint64_t)(int64_t)(t->line_base + (int)(adjusted % t->line_range));
	emit(m);
}

static void run_extended(struct machine *m)
{
	uint64_t size = fl_cursor_uleb(&m->c);
	const uint8_t *bytes = fl_cursor_bytes(&m->c, size);
	struct fl_cursor c = fl_cursor(bytes, bytes ? (size_t)size : 0);
	switch (fl_cursor_u8(&c)) {
	case DW_LNE_end_sequence:
		end_sequence(m);
		break;
	case DW_LNE_set_address:
		m->addr = fl_cursor_left(&c) == 8 ? fl_cursor_u64(&c) : fl_cursor_u32(&c);
		m->operation = 0;
		break;
	case DW_LNE_define_file:
		(void)fl_line_table_define(m->table, &c);
		m->has_path = false;
		break;
	default:
		break;
	}
}

static void run_standard(struct machine *m, uint8_t opcode)
{
	const struct fl_line_table *t = m->table;
	switch (opcode) {
	case DW_LNS_copy:
		emit(m);
		break;
	case DW_LNS_advance_pc:
		advance(m, fl_cursor_uleb(&m->c));
		break;
	case DW_LNS_advance_line:
		m->line += (uint64_t)fl_cursor_sleb(&m->c);
		break;
	case DW_LNS_set_file:
		m->file = fl_cursor_uleb(&m->c);
		m->has_path = false;
		break;
	case DW_LNS_set_column:
		m->column = fl_cursor_uleb(&m->c);
		break;
	case DW_LNS_const_add_pc:
		advance(m, (255u - t->opcode_base) / t->line_range);
		break;
	case DW_LNS_fixed_advance_pc:
		m->addr += fl_cursor_u16(&m->c);
		m->operation = 0;
		break;
	default: /* no operands, or unknown ones */
		for (unsigned i = 0; i < t->operand_counts[opcode - 1]; i++)
			(void)fl_cursor_uleb(&m->c);
		break;
	}
}

static void step(struct machine *m)
{
	uint8_t opcode = fl_cursor_u8(&m->c);
	if (opcode >= m->table->opcode_base)
		run_special(m, opcode);
	else if (opcode)
		run_standard(m, opcode);
	else
		run_extended(m);
}

void fl_line_table_rows(struct fl_line_table *t)
{
	struct machine m = { .table = t, .debug = t->dwarf->debug, .c = t->program };
	reset(&m);
	while (fl_cursor_left(&m.c) && !m.stop)
		step(&m);
	fl_pages_read(t->dwarf->pages, (size_t)(m.c.at - t->program.at));
	if (m.c.failed)
		fl_dwarf_damaged(t->dwarf, &t->dwarf->line, t->unit->line_off,
				 "a line program ends inside an operation");
	m.debug->rows.count = m.first_row; /* without an end nobody knows how far they reach */
}

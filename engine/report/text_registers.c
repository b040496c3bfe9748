/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text_parts.h"

#include <inttypes.h>
#include <string.h>

enum { CELL_COLUMNS = 17 /* "xpsr  0x61000000  " is the usual widest */ };

/* The registers that only some dumps hold are not missed where they are absent. */
static bool is_shown(const struct fl_registers *regs, enum fl_register reg)
{
	return reg <= FL_XPSR || fl_reg_known(regs, reg);
}

void fl_text_registers(struct fl_text *t, const struct fl_registers *regs)
{
	if (!regs->known)
		return;
	fl_text_put(t, FL_STYLE_HEADING, "Registers");
	fl_text_newline(t);
	size_t column = 2;
	for (unsigned i = 0; i < FL_REGISTER_COUNT; i++) {
		enum fl_register reg = (enum fl_register)i;
		if (!is_shown(regs, reg))
			continue;
		if (column + CELL_COLUMNS > t->width) {
			fl_text_newline(t);
			column = 2;
		}
		fl_text_pad(t, column);
		fl_text_putf(t, FL_STYLE_DIM, "%-4s ", fl_register_name(reg));
		if (fl_reg_known(regs, reg))
			fl_text_putf(t, FL_STYLE_PLAIN, "0x%08" PRIx32, regs->value[reg]);
		else
			fl_text_put(t, FL_STYLE_DOUBT, "unknown");
		column = t->column > column + CELL_COLUMNS ? t->column + 2
							   : column + CELL_COLUMNS + 2;
	}
	fl_text_newline(t);
}

static void facts_of(struct fl_text *t, const struct fl_fault *f, enum fl_scs_register reg)
{
	enum { NAME = 21, MEANING = 34 };
	bool first = true;
	for (size_t i = 0; i < f->fact_count; i++) {
		const struct fl_fault_fact *fact = &f->facts[i];
		if (fact->reg != reg)
			continue;
		if (!first)
			fl_text_newline(t);
		first = false;
		fl_text_pad(t, NAME);
		fl_text_put(t, FL_STYLE_NAME, fact->name);
		if (t->column >= MEANING)
			fl_text_put(t, FL_STYLE_PLAIN, "  ");
		fl_text_pad(t, MEANING);
		fl_text_wrap(t, FL_STYLE_PLAIN, MEANING, fact->meaning);
	}
}

/* Identification and control words are in the JSON report; here only what tells of the fault. */
static bool tells_of_the_fault(enum fl_scs_register reg)
{
	return reg <= FL_ABFSR;
}

static void missing(struct fl_text *t, const struct fl_fault *f)
{
	const char *separator = "  not captured: ";
	for (unsigned i = FL_CFSR; i <= FL_BFAR; i++) {
		if (fl_scs_known(f, (enum fl_scs_register)i))
			continue;
		fl_text_put(t, FL_STYLE_DIM, separator);
		fl_text_put(t, FL_STYLE_DIM, fl_scs_name((enum fl_scs_register)i));
		separator = ", ";
	}
	if (t->column)
		fl_text_newline(t);
}

static bool any_captured(const struct fl_fault *f)
{
	for (unsigned i = 0; i < FL_SCS_COUNT; i++)
		if (tells_of_the_fault((enum fl_scs_register)i) &&
		    fl_scs_known(f, (enum fl_scs_register)i))
			return true;
	return false;
}

void fl_text_fault(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_fault *f = &trace->fault;
	fl_text_put(t, FL_STYLE_HEADING, "Fault registers");
	fl_text_newline(t);
	if (f->absent || !any_captured(f)) {
		fl_text_pad(t, 2);
		if (f->absent)
			fl_text_wrapf(t, FL_STYLE_PLAIN, 2,
				      "none: %s has no fault status registers, zeros there say "
				      "nothing",
				      trace->arch ? fl_arch_name(trace->arch) : "this core");
		else
			fl_text_wrap(t, FL_STYLE_PLAIN, 2, "not captured");
		fl_text_newline(t);
		return;
	}
	for (unsigned i = 0; i < FL_SCS_COUNT; i++) {
		enum fl_scs_register reg = (enum fl_scs_register)i;
		if (!tells_of_the_fault(reg) || !fl_scs_known(f, reg))
			continue;
		fl_text_putf(t, FL_STYLE_PLAIN, "  %-6s 0x%08" PRIx32, fl_scs_name(reg),
			     f->value[reg]);
		facts_of(t, f, reg);
		fl_text_newline(t);
	}
	missing(t, f);
}

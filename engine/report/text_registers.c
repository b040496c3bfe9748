/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text_parts.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_COLUMNS = 4, CELL_COLUMNS = 17 /* "xpsr 0x61000000  " */ };

/* The registers that only some dumps hold are not missed where they are absent. */
static bool is_shown(const struct fl_registers *regs, enum fl_register reg)
{
	return reg <= FL_XPSR || fl_reg_known(regs, reg);
}

/* Cells stand below each other; the few long names take more than one column. */
static void cell(struct fl_text *t, const struct fl_registers *regs, enum fl_register reg)
{
	size_t name = strlen(fl_register_name(reg));
	size_t columns = (name > NAME_COLUMNS ? name : NAME_COLUMNS) + strlen(" 0x00000000");
	size_t column = 2;
	while (column < t->column + 2 && t->column)
		column += CELL_COLUMNS;
	if (column + columns > t->width) {
		fl_text_newline(t);
		column = 2;
	}
	fl_text_pad(t, column);
	fl_text_putf(t, FL_STYLE_DIM, "%-*s ", NAME_COLUMNS, fl_register_name(reg));
	if (fl_reg_known(regs, reg))
		fl_text_putf(t, FL_STYLE_PLAIN, "0x%08" PRIx32, regs->value[reg]);
	else
		fl_text_put(t, FL_STYLE_DOUBT, "unknown");
}

void fl_text_registers(struct fl_text *t, const struct fl_registers *regs)
{
	if (!regs->known)
		return;
	fl_text_put(t, FL_STYLE_HEADING, "Registers at the crash");
	fl_text_newline(t);
	for (unsigned i = 0; i < FL_REGISTER_COUNT; i++)
		if (is_shown(regs, (enum fl_register)i))
			cell(t, regs, (enum fl_register)i);
	fl_text_newline(t);
}

enum {
	NAME = 21,
	MEANING = 34,
	MEANING_MIN = 24, /* with less room it has a line of its own, */
	MEANING_NARROW = 11,
	LISTED = 16,
};

/* What SHCSR says is configuration for the most part: names are enough. */
static void names_of(struct fl_text *t, const struct fl_fault *f, enum fl_scs_register reg)
{
	const char *separator = "  ";
	for (size_t i = 0; i < f->fact_count; i++) {
		if (f->facts[i].reg != reg)
			continue;
		fl_text_wrapf(t, FL_STYLE_PLAIN, NAME, "%s%s", separator, f->facts[i].name);
		separator = " ";
	}
}

static void facts_of(struct fl_text *t, const struct fl_fault *f, enum fl_scs_register reg)
{
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
		size_t column = t->width < MEANING + MEANING_MIN ? MEANING_NARROW : MEANING;
		if (column == MEANING_NARROW)
			fl_text_newline(t);
		else if (t->column >= column)
			fl_text_put(t, FL_STYLE_PLAIN, "  ");
		fl_text_pad(t, column);
		fl_text_wrap(t, FL_STYLE_PLAIN, column, fact->meaning);
	}
}

/* MMFAR and BFAR keep what they held until a fault marks them valid (Arm DDI 0403E B3.2.18). */
static void validity(struct fl_text *t, const struct fl_fault *f, enum fl_scs_register reg)
{
	unsigned effect = reg == FL_MMFAR  ? FL_EFFECT_ADDR_IN_MMFAR
			  : reg == FL_BFAR ? FL_EFFECT_ADDR_IN_BFAR
					   : 0;
	if (effect && fl_scs_known(f, FL_CFSR) && !(f->effects & effect))
		fl_text_put(t, FL_STYLE_DIM, "  not valid");
}

/* Identification and control words are in the JSON report; here only what tells of the fault. */
static bool tells_of_the_fault(enum fl_scs_register reg)
{
	return reg <= FL_ABFSR;
}

static bool is_missing(const struct fl_fault *f, enum fl_scs_register reg)
{
	return !fl_scs_known(f, reg) && reg >= FL_CFSR && reg <= FL_BFAR;
}

/* An address register may be zero and mean it: it has a line when it is valid. */
static bool is_zero(const struct fl_fault *f, enum fl_scs_register reg)
{
	bool valid = (reg == FL_MMFAR && f->effects & FL_EFFECT_ADDR_IN_MMFAR) ||
		     (reg == FL_BFAR && f->effects & FL_EFFECT_ADDR_IN_BFAR) ||
		     (reg == FL_SFAR && f->effects & FL_EFFECT_ADDR_IN_SFAR);
	return fl_scs_known(f, reg) && tells_of_the_fault(reg) && !f->value[reg] && !valid;
}

static void listed(struct fl_text *t, const struct fl_fault *f, const char *label,
		   bool (*wanted)(const struct fl_fault *, enum fl_scs_register))
{
	bool any = false;
	for (unsigned i = 0; i < FL_SCS_COUNT; i++) {
		enum fl_scs_register reg = (enum fl_scs_register)i;
		if (!wanted(f, reg))
			continue;
		fl_text_put(t, FL_STYLE_DIM, any ? "," : label);
		any = true;
		if (t->column + 2 + strlen(fl_scs_name(reg)) < t->width)
			fl_text_pad(t, t->column < LISTED ? LISTED : t->column + 1);
		else
			fl_text_newline(t);
		fl_text_pad(t, LISTED);
		fl_text_put(t, FL_STYLE_DIM, fl_scs_name(reg));
	}
	if (any)
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
		if (!tells_of_the_fault(reg) || !fl_scs_known(f, reg) || is_zero(f, reg))
			continue;
		fl_text_putf(t, FL_STYLE_PLAIN, "  %-6s 0x%08" PRIx32, fl_scs_name(reg),
			     f->value[reg]);
		validity(t, f, reg);
		(reg == FL_SHCSR ? names_of : facts_of)(t, f, reg);
		fl_text_newline(t);
	}
	listed(t, f, "  zero:", is_zero);
	listed(t, f, "  not captured:", is_missing);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of ranges: DWARF 5, 2.17.3; before that DWARF 4, 2.17.3. */
#include "image/dwarf_form.h"
#include "image/dwarf_read.h"

#define NOWHERE (UINT64_C(1) << 32) /* what is relative to it is no range */

/* Code addresses have bit 0 set where a producer took them from Thumb function pointers. */
void fl_dwarf_add_range(struct fl_dwarf *s, uint64_t low, uint64_t high)
{
	uint64_t size = high - low;
	if (low >= high || high > UINT64_C(1) << 32 || size > UINT32_MAX)
		return;
	struct fl_code_range range = { (uint32_t)low & ~UINT32_C(1), (uint32_t)size };
	if (!fl_vec_push(&s->debug->ranges, &range))
		s->out_of_memory = true;
}

/* One entry of .debug_rnglists; false at the end. What cannot be resolved is left out. */
static bool read_entry(struct fl_dwarf *s, const struct fl_dwarf_unit *unit, struct fl_cursor *c,
		       uint64_t *base)
{
	uint64_t low = 0;
	uint64_t high = 0;
	bool known = true;
	switch (fl_cursor_u8(c)) {
	case DW_RLE_base_addressx:
		if (!fl_dwarf_addr_number(s, unit, fl_cursor_uleb(c), base))
			*base = NOWHERE;
		break;
	case DW_RLE_startx_endx:
		known = fl_dwarf_addr_number(s, unit, fl_cursor_uleb(c), &low);
		known = fl_dwarf_addr_number(s, unit, fl_cursor_uleb(c), &high) && known;
		break;
	case DW_RLE_startx_length:
		known = fl_dwarf_addr_number(s, unit, fl_cursor_uleb(c), &low);
		high = low + fl_cursor_uleb(c);
		break;
	case DW_RLE_offset_pair:
		low = *base + fl_cursor_uleb(c);
		high = *base + fl_cursor_uleb(c);
		break;
	case DW_RLE_base_address:
		*base = fl_cursor_u32(c);
		break;
	case DW_RLE_start_end:
		low = fl_cursor_u32(c);
		high = fl_cursor_u32(c);
		break;
	case DW_RLE_start_length:
		low = fl_cursor_u32(c);
		high = low + fl_cursor_uleb(c);
		break;
	case DW_RLE_end_of_list:
		return false;
	default:
		c->failed = true;
	}
	if (known && !c->failed)
		fl_dwarf_add_range(s, low, high);
	return !c->failed;
}

/* Pairs relative to the unit's address or to one that is selected on the way. */
static bool read_pair(struct fl_dwarf *s, struct fl_cursor *c, uint64_t *base)
{
	uint32_t low = fl_cursor_u32(c);
	uint32_t high = fl_cursor_u32(c);
	if (c->failed || (!low && !high))
		return false;
	if (low == UINT32_MAX)
		*base = high;
	else
		fl_dwarf_add_range(s, *base + low, *base + high);
	return true;
}

static void read_list(struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint64_t off)
{
	const struct fl_debug_section *section = unit->version >= 5 ? &s->rnglists : &s->ranges;
	struct fl_cursor c = fl_cursor_at(section->bytes, section->size, off);
	const uint8_t *start = c.at;
	uint64_t base = unit->base_addr;
	if (fl_cursor_left(&c) > s->budget.ranges)
		c.end = c.at + s->budget.ranges;
	while (!s->out_of_memory &&
	       (unit->version >= 5 ? read_entry(s, unit, &c, &base) : read_pair(s, &c, &base)))
		;
	s->budget.ranges -= (uint64_t)(c.at - start);
	if (c.failed)
		fl_dwarf_damaged(s, section, off, "a list of ranges");
}

void fl_dwarf_ranges(struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		     const struct fl_dwarf_value *v)
{
	uint64_t off;
	uint32_t relative;
	if (fl_form_section_off(v, &off)) {
		read_list(s, unit, off);
	} else if (v->form == DW_FORM_rnglistx &&
		   fl_dwarf_word(&s->rnglists, unit->rnglists_off, v->number, &relative)) {
		read_list(s, unit, (uint64_t)unit->rnglists_off + relative);
	} else {
		fl_dwarf_damaged(s, &s->info, unit->off, "a reference to ranges");
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_session.h"

#include <string.h>

struct frame_list {
	Dwarf_Cie *cies;
	Dwarf_Fde *fdes;
	Dwarf_Signed cie_count, fde_count;
};

static bool read_cie(struct ref_session *dwarf, Dwarf_Fde fde, struct fl_frame_program *ret)
{
	Dwarf_Cie cie;
	Dwarf_Error error = NULL;
	int result = dwarf_get_cie_of_fde(fde, &cie, &error);
	if (!ref_ok(dwarf, result, &error, "a frame description"))
		return false;
	Dwarf_Unsigned size;
	Dwarf_Small version;
	char *augmentation;
	Dwarf_Unsigned code_align;
	Dwarf_Signed data_align;
	Dwarf_Half return_column;
	ref_bytes instructions;
	Dwarf_Unsigned instructions_size;
	Dwarf_Half offset_size;
	result = dwarf_get_cie_info_b(cie, &size, &version, &augmentation, &code_align, &data_align,
				      &return_column, &instructions, &instructions_size,
				      &offset_size, &error);
	if (!ref_ok(dwarf, result, &error, "a common frame description"))
		return false;
	if (code_align > UINT32_MAX || data_align > INT32_MAX || data_align < INT32_MIN)
		return false;
	ret->cie_instructions = instructions;
	ret->cie_size = instructions_size;
	ret->code_align = (uint32_t)code_align;
	ret->data_align = (int32_t)data_align;
	ret->return_column = return_column;
	ret->signal_frame = augmentation[0] == 'z' && strchr(augmentation, 'S');
	return true;
}

static bool read_fde(struct ref_session *dwarf, Dwarf_Fde fde, struct fl_frame_program *ret)
{
	Dwarf_Addr low;
	Dwarf_Unsigned size;
	ref_bytes bytes;
	Dwarf_Unsigned bytes_size;
	Dwarf_Off cie_off;
	Dwarf_Signed cie_index;
	Dwarf_Off fde_off;
	Dwarf_Error error = NULL;
	int result = dwarf_get_fde_range(fde, &low, &size, &bytes, &bytes_size, &cie_off,
					 &cie_index, &fde_off, &error);
	if (!ref_ok(dwarf, result, &error, "a frame description"))
		return false;
	ref_bytes instructions;
	Dwarf_Unsigned instructions_size;
	result = dwarf_get_fde_instr_bytes(fde, &instructions, &instructions_size, &error);
	if (!ref_ok(dwarf, result, &error, "a frame description"))
		return false;
	low &= ~UINT64_C(1);
	if (!size || low > UINT32_MAX || size > (UINT64_C(1) << 32) - low || size > UINT32_MAX)
		return false;
	ret->range = (struct fl_code_range){ (uint32_t)low, (uint32_t)size };
	ret->fde_instructions = instructions;
	ret->fde_size = instructions_size;
	return true;
}

/* libdwarf hands out pointers; nothing is read through one that is not inside the section. */
static bool inside(const struct fl_debug_section *s, const uint8_t *bytes, size_t size)
{
	uintptr_t start = (uintptr_t)s->bytes;
	uintptr_t at = (uintptr_t)bytes;
	return size == 0 ||
	       (at >= start && at - start <= s->size && size <= s->size - (at - start));
}

static void read_list(struct ref_session *dwarf, const struct frame_list *list,
		      const struct fl_debug_section *section, struct fl_debug_info *info)
{
	for (Dwarf_Signed i = 0; i < list->fde_count; i++) {
		struct fl_frame_program frame = { 0 };
		if (!read_fde(dwarf, list->fdes[i], &frame) ||
		    !read_cie(dwarf, list->fdes[i], &frame))
			continue;
		if (!inside(section, frame.cie_instructions, frame.cie_size) ||
		    !inside(section, frame.fde_instructions, frame.fde_size))
			continue;
		if (frame.fde_size)
			frame.fde_off =
				section->off + (uint64_t)((uintptr_t)frame.fde_instructions -
							  (uintptr_t)section->bytes);
		if (!fl_vec_push(&info->frames, &frame)) {
			dwarf->out_of_memory = true;
			return;
		}
	}
}

typedef int (*list_fn)(Dwarf_Debug, Dwarf_Cie **, Dwarf_Signed *, Dwarf_Fde **, Dwarf_Signed *,
		       Dwarf_Error *);

static void
read_section(struct ref_session *dwarf, const char *name, list_fn get, struct fl_debug_info *info)
{
	const struct fl_debug_section *section = ref_section_of(dwarf, name);
	struct frame_list list;
	Dwarf_Error error = NULL;
	if (!section)
		return;
	int result =
		get(dwarf->dbg, &list.cies, &list.cie_count, &list.fdes, &list.fde_count, &error);
	if (!ref_ok(dwarf, result, &error, name))
		return;
	read_list(dwarf, &list, section, info);
	ref_free_frames(dwarf->dbg, list.cies, list.cie_count, list.fdes, list.fde_count);
}

void ref_read_frames(struct ref_session *dwarf, struct fl_debug_info *info)
{
	read_section(dwarf, ".debug_frame", dwarf_get_fde_list, info);
	read_section(dwarf, ".eh_frame", dwarf_get_fde_list_eh, info);
}

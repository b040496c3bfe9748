/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/reader.h"

#include <string.h>

static void read_common(Dwarf_Fde fde, struct said_frame *f)
{
	Dwarf_Cie cie;
	Dwarf_Small version;
	char *augmentation;
	Dwarf_Unsigned size;
	Dwarf_Unsigned code_align;
	Dwarf_Signed data_align;
	Dwarf_Half column;
	Dwarf_Half off_size;
	ref_bytes bytes;
	Dwarf_Unsigned byte_count;
	dwarf_get_cie_of_fde(fde, &cie, NULL);
	dwarf_get_cie_info_b(cie, &size, &version, &augmentation, &code_align, &data_align, &column,
			     &bytes, &byte_count, &off_size, NULL);
	f->common = bytes;
	f->common_size = byte_count;
	f->code_align = code_align;
	f->data_align = data_align;
	f->return_column = column;
	f->is_signal = strchr(augmentation, 'S');
}

static struct said_frame read_frame(Dwarf_Fde fde, const char *section)
{
	struct said_frame f = { .section = section };
	Dwarf_Addr low;
	Dwarf_Unsigned size;
	Dwarf_Unsigned whole_size;
	Dwarf_Unsigned own_size;
	Dwarf_Off cie_off;
	Dwarf_Off off;
	Dwarf_Signed cie_number;
	ref_bytes whole;
	ref_bytes own;
	dwarf_get_fde_range(fde, &low, &size, &whole, &whole_size, &cie_off, &cie_number, &off,
			    NULL);
	dwarf_get_fde_instr_bytes(fde, &own, &own_size, NULL);
	f.code = (struct said_range){ low, low + size };
	f.own = own;
	f.own_size = own_size;
	f.off = off + (uint64_t)(f.own - (const uint8_t *)whole);
	read_common(fde, &f);
	return f;
}

typedef int (*list_fn)(Dwarf_Debug, Dwarf_Cie **, Dwarf_Signed *, Dwarf_Fde **, Dwarf_Signed *,
		       Dwarf_Error *);

static void read_section(struct libdwarf_reader *r, const char *section, list_fn get)
{
	Dwarf_Cie *cies;
	Dwarf_Fde *fdes;
	Dwarf_Signed cie_count;
	Dwarf_Signed fde_count;
	if (get(r->dbg, &cies, &cie_count, &fdes, &fde_count, NULL) != DW_DLV_OK)
		return;
	for (Dwarf_Signed i = 0; i < fde_count; i++) {
		struct said_frame f = read_frame(fdes[i], section);
		said_add(&r->said.frames, &f);
	}
}

void ref_read_frames(struct libdwarf_reader *r)
{
	read_section(r, ".debug_frame", dwarf_get_fde_list);
	read_section(r, ".eh_frame", dwarf_get_fde_list_eh);
}

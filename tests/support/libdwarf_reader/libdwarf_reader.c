/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/libdwarf_reader.h"

#include "support/libdwarf_reader/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void give_up(Dwarf_Error error, Dwarf_Ptr nothing)
{
	(void)nothing;
	fprintf(stderr, "libdwarf: %s\n", dwarf_errmsg(error));
	abort();
}

static void walk(struct libdwarf_reader *r, Dwarf_Die die, struct ref_place here)
{
	ref_read_types(r, die, here.function);
	ref_read_code(r, die, &here);
	for (Dwarf_Die d = ref_child(die); d; d = ref_sibling(r->dbg, d))
		walk(r, d, here);
}

static void read_all(struct libdwarf_reader *r)
{
	ref_read_families(r);
	for (size_t i = 0; i < r->units.count; i++) {
		struct ref_unit *unit = fl_vec_at(&r->units, struct ref_unit, i);
		ref_read_lines(r, unit);
		walk(r, unit->die, (struct ref_place){ unit, "", 0, SAID_NONE });
	}
	ref_read_frames(r);
	r->said.unit_count = (unsigned)r->units.count;
}

struct libdwarf_reader *libdwarf_reader_open(int fd)
{
	struct libdwarf_reader *r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->said = said_init();
	r->units = FL_VEC(struct ref_unit);
	r->families = FL_VEC(struct ref_family);
	r->fd = fd;
	if (ref_open_file(fd, give_up, &r->dbg) == DW_DLV_OK)
		read_all(r);
	else
		r->dbg = NULL;
	return r;
}

void libdwarf_reader_close(struct libdwarf_reader *r)
{
	if (!r)
		return;
	if (r->dbg)
		ref_close_file(r->dbg);
	close(r->fd);
	fl_vec_deinit(&r->units);
	fl_vec_deinit(&r->families);
	said_deinit(&r->said);
	free(r);
}

struct said *libdwarf_reader_said(struct libdwarf_reader *r)
{
	return &r->said;
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The only place that knows which libdwarf this is: the 2021 releases (Debian 12 has 20210528) or
 * 0.x and later.
 */
#ifndef LIBDWARF_READER_COMPAT_H
#define LIBDWARF_READER_COMPAT_H

#include <dwarf.h>
#include <libdwarf.h>

#ifdef DW_LIBDWARF_VERSION_MAJOR /* 0.1.0 was the first to have it */

typedef Dwarf_Small *ref_bytes;

#define ref_open_file(fd, on_error, ret) \
	dwarf_init_b((fd), DW_GROUPNUMBER_ANY, (on_error), NULL, (ret), NULL)
#define ref_close_file(dbg)     dwarf_finish(dbg)
#define ref_free_location(head) dwarf_dealloc_loc_head_c(head)

#else

typedef Dwarf_Ptr ref_bytes;

#define ref_open_file(fd, on_error, ret) \
	dwarf_init_b((fd), DW_DLC_READ, DW_GROUPNUMBER_ANY, (on_error), NULL, (ret), NULL)
#define ref_close_file(dbg)     dwarf_finish((dbg), NULL)
#define ref_free_location(head) dwarf_loc_head_c_dealloc(head)

#endif

#ifndef DW_LANG_C17
#define DW_LANG_C17 0x002c
#endif
#ifndef DW_LANG_C23
#define DW_LANG_C23 0x003e
#endif

#endif

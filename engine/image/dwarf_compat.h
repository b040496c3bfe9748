/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The only place that knows which libdwarf this is: the 2021 releases (Debian 12 has 20210528) or
 * 0.x and later, which renamed the object-access structures and some deallocators.
 */
#ifndef IMAGE_DWARF_COMPAT_H
#define IMAGE_DWARF_COMPAT_H

#include <dwarf.h>
#include <libdwarf.h>

#ifdef DW_LIBDWARF_VERSION_MAJOR /* 0.1.0 was the first to have it */

typedef Dwarf_Obj_Access_Interface_a fl_dwarf_interface;
typedef Dwarf_Obj_Access_Methods_a fl_dwarf_methods;
typedef Dwarf_Obj_Access_Section_a fl_dwarf_section;
typedef Dwarf_Unsigned fl_dwarf_section_number;
typedef Dwarf_Small fl_dwarf_endianness;
typedef Dwarf_Small *fl_dwarf_bytes;

#define FL_DWARF_LITTLE_ENDIAN  DW_END_little
#define FL_DWARF_METHOD(name)   .om_##name
#define FL_DWARF_SECTION(field) as_##field
#define FL_DWARF_INTERFACE(o, m) \
	{ \
		.ai_object = (o), .ai_methods = (m) \
	}
#define FL_DWARF_HAS_FILESIZE 1
#define fl_dwarf_finish(dbg)  dwarf_object_finish(dbg)
#define fl_dwarf_free_ranges  dwarf_dealloc_ranges
#define fl_dwarf_free_frames  dwarf_dealloc_fde_cie_list

#else

typedef Dwarf_Obj_Access_Interface fl_dwarf_interface;
typedef Dwarf_Obj_Access_Methods fl_dwarf_methods;
typedef Dwarf_Obj_Access_Section fl_dwarf_section;
typedef Dwarf_Half fl_dwarf_section_number;
typedef Dwarf_Endianness fl_dwarf_endianness;
typedef Dwarf_Ptr fl_dwarf_bytes;

#define FL_DWARF_LITTLE_ENDIAN  DW_OBJECT_LSB
#define FL_DWARF_METHOD(name)   .name
#define FL_DWARF_SECTION(field) field
#define FL_DWARF_INTERFACE(o, m) \
	{ \
		.object = (o), .methods = (m) \
	}
#define FL_DWARF_HAS_FILESIZE 0
#define fl_dwarf_finish(dbg)  dwarf_object_finish((dbg), NULL)
#define fl_dwarf_free_ranges  dwarf_ranges_dealloc
#define fl_dwarf_free_frames  dwarf_fde_cie_list_dealloc

#endif

#ifndef DW_LANG_C17
#define DW_LANG_C17 0x002c
#endif
#ifndef DW_LANG_C23
#define DW_LANG_C23 0x003e
#endif

#endif

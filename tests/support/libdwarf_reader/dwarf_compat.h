/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The only place that knows which libdwarf this is: the 2021 releases (Debian 12 has 20210528) or
 * 0.x and later, which renamed the object-access structures and some deallocators.
 */
#ifndef LIBDWARF_READER_COMPAT_H
#define LIBDWARF_READER_COMPAT_H

#include <dwarf.h>
#include <libdwarf.h>

#ifdef DW_LIBDWARF_VERSION_MAJOR /* 0.1.0 was the first to have it */

typedef Dwarf_Obj_Access_Interface_a ref_interface;
typedef Dwarf_Obj_Access_Methods_a ref_methods;
typedef Dwarf_Obj_Access_Section_a ref_section;
typedef Dwarf_Unsigned ref_section_number;
typedef Dwarf_Small ref_endianness;
typedef Dwarf_Small *ref_bytes;

#define REF_LITTLE_ENDIAN  DW_END_little
#define REF_METHOD(name)   .om_##name
#define REF_SECTION(field) as_##field
#define REF_INTERFACE(o, m) \
	{ \
		.ai_object = (o), .ai_methods = (m) \
	}
#define REF_HAS_FILESIZE 1
#define ref_finish(dbg)  dwarf_object_finish(dbg)
#define ref_free_ranges  dwarf_dealloc_ranges
#define ref_free_frames  dwarf_dealloc_fde_cie_list

#else

typedef Dwarf_Obj_Access_Interface ref_interface;
typedef Dwarf_Obj_Access_Methods ref_methods;
typedef Dwarf_Obj_Access_Section ref_section;
typedef Dwarf_Half ref_section_number;
typedef Dwarf_Endianness ref_endianness;
typedef Dwarf_Ptr ref_bytes;

#define REF_LITTLE_ENDIAN  DW_OBJECT_LSB
#define REF_METHOD(name)   .name
#define REF_SECTION(field) field
#define REF_INTERFACE(o, m) \
	{ \
		.object = (o), .methods = (m) \
	}
#define REF_HAS_FILESIZE 0
#define ref_finish(dbg)  dwarf_object_finish((dbg), NULL)
#define ref_free_ranges  dwarf_ranges_dealloc
#define ref_free_frames  dwarf_fde_cie_list_dealloc

#endif

#ifndef DW_LANG_C17
#define DW_LANG_C17 0x002c
#endif
#ifndef DW_LANG_C23
#define DW_LANG_C23 0x003e
#endif

#endif

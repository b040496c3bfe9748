/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_session.h"

#include <string.h>

enum { MAX_ERRORS_TOLD = 8 };

/* Section 0 is the null section of every object, for libdwarf too. */
static const struct fl_debug_section *numbered(void *object, Dwarf_Unsigned index)
{
	const struct ref_session *dwarf = object;
	if (index == 0 || index > dwarf->sections.count)
		return NULL;
	return &dwarf->sections.items[index - 1];
}

static int get_section_info(void *object, ref_section_number index, ref_section *ret, int *error)
{
	(void)error;
	const struct fl_debug_section *s = numbered(object, index);
	*ret = (ref_section){ .REF_SECTION(name) = "" };
	if (!s)
		return index ? DW_DLV_NO_ENTRY : DW_DLV_OK;
	ret->REF_SECTION(name) = s->name;
	ret->REF_SECTION(type) = FL_SHT_PROGBITS;
	ret->REF_SECTION(addr) = s->addr;
	ret->REF_SECTION(size) = s->size;
	return DW_DLV_OK;
}

static int load_section(void *object, ref_section_number index, Dwarf_Small **ret, int *error)
{
	(void)error;
	const struct fl_debug_section *s = numbered(object, index);
	if (!s)
		return DW_DLV_NO_ENTRY;
	*ret = (Dwarf_Small *)(uintptr_t)
		       s->bytes; /* read only: there are no relocations to apply */
	return DW_DLV_OK;
}

static ref_endianness byte_order(void *object)
{
	(void)object;
	return REF_LITTLE_ENDIAN;
}

static Dwarf_Small word_size(void *object)
{
	(void)object;
	return 4;
}

static Dwarf_Unsigned section_count(void *object)
{
	return ((const struct ref_session *)object)->sections.count + 1;
}

#if REF_HAS_FILESIZE
static Dwarf_Unsigned file_size(void *object)
{
	const struct ref_session *dwarf = object;
	Dwarf_Unsigned size = 0;
	for (size_t i = 0; i < dwarf->sections.count; i++)
		size += dwarf->sections.items[i].size;
	return size;
}
#endif

static const ref_methods methods = {
	REF_METHOD(get_section_info) = get_section_info,
	REF_METHOD(get_byte_order) = byte_order,
	REF_METHOD(get_length_size) = word_size,
	REF_METHOD(get_pointer_size) = word_size,
	REF_METHOD(get_section_count) = section_count,
	REF_METHOD(load_section) = load_section,
#if REF_HAS_FILESIZE
	REF_METHOD(get_filesize) = file_size,
#endif
};

bool ref_open(struct ref_session *dwarf, const struct fl_debug_sections *sections,
	      const char *module, struct fl_findings *findings)
{
	*dwarf = (struct ref_session){
		.interface = REF_INTERFACE(dwarf, &methods),
		.sections = *sections,
		.module = module,
		.findings = findings,
	};
	Dwarf_Error error = NULL;
	int result = dwarf_object_init_b(&dwarf->interface, NULL, NULL, DW_GROUPNUMBER_ANY,
					 &dwarf->dbg, &error);
	if (ref_ok(dwarf, result, &error, "debug information"))
		return true;
	dwarf->dbg = NULL;
	return false;
}

void ref_close(struct ref_session *dwarf)
{
	if (!dwarf || !dwarf->dbg)
		return;
	ref_finish(dwarf->dbg);
	dwarf->dbg = NULL;
}

static void tell(struct ref_session *dwarf, const char *what, const char *detail)
{
	if (++dwarf->error_count <= MAX_ERRORS_TOLD)
		fl_finding_add(dwarf->findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_NONE,
			       0, "%s: %s is damaged (%s)", dwarf->module, what, detail);
}

void ref_damaged(struct ref_session *dwarf, const char *what)
{
	tell(dwarf, what, "contradicts itself");
}

bool ref_ok(struct ref_session *dwarf, int result, Dwarf_Error *error, const char *what)
{
	if (result != DW_DLV_ERROR)
		return result == DW_DLV_OK;
	tell(dwarf, what, *error ? dwarf_errmsg(*error) : "no detail");
	if (*error)
		dwarf_dealloc(dwarf->dbg, *error, DW_DLA_ERROR);
	*error = NULL;
	return false;
}

const struct fl_debug_section *ref_section_of(const struct ref_session *dwarf, const char *name)
{
	for (size_t i = 0; i < dwarf->sections.count; i++)
		if (!strcmp(dwarf->sections.items[i].name, name))
			return &dwarf->sections.items[i];
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "image/attributes.h"

#include "base/reader.h"

#include <string.h>

/* ABI addenda for the Arm architecture (IHI 0045), 3.3. */
enum {
	TAG_FILE = 1,
	TAG_CPU_RAW_NAME = 4,
	TAG_CPU_NAME = 5,
	TAG_CPU_ARCH = 6,
	TAG_CPU_ARCH_PROFILE = 7,
	TAG_COMPATIBILITY = 32,
};

struct facts {
	uint64_t arch;
	uint64_t profile;
	bool has_arch;
};

/* IHI 0045, 3.3.5.2: the M-profile values of Tag_CPU_arch. */
static enum fl_arch arch_from(const struct facts *f)
{
	if (!f->has_arch)
		return FL_ARCH_UNKNOWN;
	switch (f->arch) {
	case 10: /* v7: any profile */
		return f->profile == 'M' ? FL_ARCH_V7M : FL_ARCH_UNKNOWN;
	case 11: /* v6-M */
	case 12: /* v6S-M */
		return FL_ARCH_V6M;
	case 13: /* v7E-M */
		return FL_ARCH_V7EM;
	case 16: /* v8-M.baseline */
		return FL_ARCH_V8M_BASE;
	case 17: /* v8-M.mainline */
	case 21: /* v8.1-M.mainline */
		return FL_ARCH_V8M_MAIN;
	default:
		return FL_ARCH_UNKNOWN;
	}
}

/* 3.2.6: strings for 4, 5 and odd tags above 32; both for 32; ULEB128 otherwise. */
static void read_value(struct fl_reader *r, uint64_t tag, struct facts *f)
{
	if (tag == TAG_CPU_RAW_NAME || tag == TAG_CPU_NAME ||
	    (tag > TAG_COMPATIBILITY && tag & 1)) {
		(void)fl_read_cstr(r);
		return;
	}
	uint64_t value = fl_read_uleb(r);
	if (tag == TAG_COMPATIBILITY)
		(void)fl_read_cstr(r);
	if (r->error.code)
		return;
	if (tag == TAG_CPU_ARCH) {
		f->arch = value;
		f->has_arch = true;
	}
	if (tag == TAG_CPU_ARCH_PROFILE)
		f->profile = value;
}

static void read_vendor(struct fl_reader *vendor, struct facts *f)
{
	while (fl_reader_left(vendor) && !vendor->error.code) {
		size_t start = vendor->pos;
		uint64_t tag = fl_read_uleb(vendor);
		uint32_t size = fl_read_u32(vendor);
		size_t header = vendor->pos - start;
		if (vendor->error.code || size < header)
			return;
		struct fl_reader body = fl_read_window(vendor, ".ARM.attributes", size - header);
		while (tag == TAG_FILE && fl_reader_left(&body) && !body.error.code)
			read_value(&body, fl_read_uleb(&body), f);
	}
}

static const struct fl_section *find_section(const struct fl_elf *elf)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].type == FL_SHT_ARM_ATTRIBUTES && elf->sections[i].bytes)
			return &elf->sections[i];
	return NULL;
}

enum fl_arch fl_arch_of(const struct fl_elf *elf)
{
	struct facts f = { 0 };
	const struct fl_section *s = find_section(elf);
	if (!s)
		return FL_ARCH_UNKNOWN;
	struct fl_reader r = fl_reader(".ARM.attributes", s->bytes, s->size, s->off);
	if (fl_read_u8(&r) != 'A')
		return FL_ARCH_UNKNOWN;
	while (fl_reader_left(&r) > 4) {
		uint32_t size = fl_read_u32(&r);
		if (size < 4)
			break;
		struct fl_reader vendor = fl_read_window(&r, ".ARM.attributes", size - 4);
		const char *name = fl_read_cstr(&vendor);
		if (name && !strcmp(name, "aeabi"))
			read_vendor(&vendor, &f);
		if (r.error.code)
			break;
	}
	return arch_from(&f);
}

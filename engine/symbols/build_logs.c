/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "base/reader.h"

/* Section log_fmt begins with "LOGf", a version byte and three others (docs/formats.md). */
enum { MAGIC = 0x66474f4c, VERSION = 1, HEADER_SIZE = 8 };

void fl_build_logs(struct fl_build *b)
{
	const struct fl_section *s = fl_elf_section(&b->image->elf, "log_fmt");
	if (!s || !s->size || s->flags & FL_SHF_COMPRESSED)
		return;
	struct fl_reader r = fl_reader("log_fmt", s->bytes, s->size, s->off);
	uint32_t magic = fl_read_u32(&r);
	uint8_t version = fl_read_u8(&r);
	if (magic == MAGIC && version == VERSION && s->size >= HEADER_SIZE) {
		b->log_formats = s;
		return;
	}
	fl_finding_add(&b->image->findings, FL_STAGE_SYMBOLS, FL_WARNING, FL_EUNSUPPORTED,
		       FL_AT_FILE_OFFSET, s->off,
		       "%s: section log_fmt is of an unknown form: compact logs stay unread",
		       b->image->elf.name);
}

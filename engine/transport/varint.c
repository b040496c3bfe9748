/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/varint.h"

uint32_t fl_read_varint(struct fl_reader *r)
{
	uint64_t at = r->origin + r->pos;
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = fl_read_u8(r);
		if (r->error.code)
			return 0;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (value > UINT32_MAX)
			break;
		return (uint32_t)value;
	}
	fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, at, "%s: a number of more than 32 bits",
		r->name);
	return 0;
}

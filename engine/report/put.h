/* SPDX-License-Identifier: Apache-2.0 */
/** @file Numbers into a growing buffer, without a call where there is room. */
#ifndef REPORT_PUT_H
#define REPORT_PUT_H

#include "base/str.h"

enum { FL_PUT_LONGEST = 10 /**< bytes of a uleb */ };

static inline void fl_put_u8(struct fl_str *out, uint8_t v)
{
	if (out->room - out->size <= 1)
		fl_str_add_u8(out, v);
	else
		out->data[out->size++] = (char)v;
}

static inline void fl_put_u32(struct fl_str *out, uint32_t v)
{
	if (out->room - out->size <= 4) {
		fl_str_add_u32(out, v);
		return;
	}
	char *at = out->data + out->size;
	for (int i = 0; i < 4; i++)
		at[i] = (char)(v >> (8 * i));
	out->size += 4;
}

static inline void fl_put_uleb(struct fl_str *out, uint64_t v)
{
	if (out->room - out->size <= FL_PUT_LONGEST) {
		fl_str_add_uleb(out, v);
		return;
	}
	char *at = out->data + out->size;
	for (; v >= 0x80; v >>= 7)
		*at++ = (char)(v | 0x80);
	*at++ = (char)v;
	out->size = (size_t)(at - out->data);
}

#endif

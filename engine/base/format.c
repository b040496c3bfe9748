/* SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct output {
	char *text;
	size_t room; /* without the NUL */
	size_t size; /* of all, also of what found no room */
};

/* %[0][width][.*][l|ll|z]kind */
struct conversion {
	bool zeros;
	bool has_precision;
	uint8_t width;
	uint8_t size; /* of the argument, bytes */
	char kind;
};

/* That the arguments are read in one place and passed by reference. */
struct arguments {
	va_list ap;
};

static void put(struct output *o, const char *bytes, size_t size)
{
	if (o->size < o->room) {
		size_t left = o->room - o->size;
		memcpy(o->text + o->size, bytes, size < left ? size : left);
	}
	o->size += size;
}

static void put_number(struct output *o, const struct conversion *c, uint64_t value, bool negative)
{
	enum { DIGITS = 20, WIDTH_MAX = 99 };
	static const char digits[] = "0123456789abcdef";
	char text[WIDTH_MAX + 1 + DIGITS];
	char *const end = text + sizeof(text);
	char *at = end;
	do {
		*--at = c->kind == 'x' ? digits[value & 15] : digits[value % 10];
		value = c->kind == 'x' ? value >> 4 : value / 10;
	} while (value);
	while (c->zeros && end - at < c->width - negative)
		*--at = '0';
	if (negative)
		*--at = '-';
	while (end - at < c->width)
		*--at = ' ';
	put(o, at, (size_t)(end - at));
}

/* @p p is behind the '%'. @return behind the conversion, or NULL when it is another one. */
static const char *read_conversion(const char *p, struct conversion *ret)
{
	*ret = (struct conversion){ .size = sizeof(int) };
	if (*p == '0') {
		ret->zeros = true;
		p++;
	}
	for (unsigned digits = 0; *p >= '0' && *p <= '9' && digits < 2; digits++)
		ret->width = (uint8_t)(10 * ret->width + (*p++ - '0'));
	if (p[0] == '.' && p[1] == '*') {
		ret->has_precision = true;
		p += 2;
	}
	if (*p == 'z') {
		ret->size = sizeof(size_t);
		p++;
	} else if (p[0] == 'l') {
		ret->size = p[1] == 'l' ? sizeof(long long) : sizeof(long);
		p += p[1] == 'l' ? 2 : 1;
	}
	ret->kind = *p++;
	return p;
}

static void convert_text(struct output *o, const struct conversion *c, struct arguments *args)
{
	int limit = c->has_precision ? va_arg(args->ap, int) : -1;
	const char *text = va_arg(args->ap, const char *);
	text = text ? text : "(null)";
	put(o, text, limit < 0 ? strlen(text) : strnlen(text, (size_t)limit));
}

static void convert_number(struct output *o, const struct conversion *c, struct arguments *args)
{
	bool is_long = c->size == sizeof(uint64_t);
	if (c->kind == 'd') {
		int64_t value = is_long ? va_arg(args->ap, int64_t) : va_arg(args->ap, int32_t);
		uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
		put_number(o, c, size, value < 0);
	} else {
		put_number(o, c, is_long ? va_arg(args->ap, uint64_t) : va_arg(args->ap, uint32_t),
			   false);
	}
}

static bool convert(struct output *o, const struct conversion *c, struct arguments *args)
{
	bool plain = !c->zeros && !c->width && c->size == sizeof(int);
	switch (c->kind) {
	case 's':
		if (plain)
			convert_text(o, c, args);
		return plain;
	case 'd':
	case 'u':
	case 'x':
		if (!c->has_precision)
			convert_number(o, c, args);
		return !c->has_precision;
	default:
		return false;
	}
}

/* false: there is something that only the C library knows. */
static bool write_all(struct output *o, const char *format, struct arguments *args)
{
	struct conversion c;
	for (;;) {
		const char *percent = strchrnul(format, '%');
		put(o, format, (size_t)(percent - format));
		if (!*percent)
			return true;
		format = read_conversion(percent + 1, &c);
		if (!convert(o, &c, args))
			return false;
	}
}

size_t fl_vformat(char *out, size_t room, const char *format, va_list ap)
{
	struct output o = { .text = out, .room = room ? room - 1 : 0 };
	struct arguments args;
	va_copy(args.ap, ap);
	bool done = write_all(&o, format, &args);
	va_end(args.ap);
	if (!done) {
		int size = vsnprintf(out, room, format, ap);
		return size < 0 ? 0 : (size_t)size;
	}
	if (room)
		out[o.size < o.room ? o.size : o.room] = '\0';
	return o.size;
}

size_t fl_format(char *out, size_t room, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	size_t size = fl_vformat(out, room, format, ap);
	va_end(ap);
	return size;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/log_format.h"

#include "base/limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WIDTH = 64 };

/* One conversion: %[flags][width][.precision][length]conversion. */
struct spec {
	bool minus, plus, space, alternative, zero;
	bool has_precision;
	unsigned width, precision;
	unsigned bits; /* of h and hh: 16 and 8; 0 = as many as the argument has */
	char conversion;
};

struct arguments {
	const struct fl_log_argument *next;
	size_t left;
};

static const struct fl_log_argument *take(struct arguments *a)
{
	if (!a->left)
		return NULL;
	a->left--;
	return a->next++;
}

/* --- reading a conversion --- */

static const char *read_flags(const char *p, struct spec *s)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			s->minus = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		case '#':
			s->alternative = true;
			break;
		case '0':
			s->zero = true;
			break;
		default:
			return p;
		}
	}
}

/* Digits, or the next argument; false where that is negative. */
static bool read_number(const char **p, struct arguments *a, unsigned *ret)
{
	int64_t value = 0;
	if (**p == '*') {
		const struct fl_log_argument *argument = take(a);
		if (argument && (argument->kind == FL_LOG_INT32 || argument->kind == FL_LOG_INT64))
			value = argument->integer;
		++*p;
	} else {
		for (; **p >= '0' && **p <= '9'; ++*p)
			value = value > MAX_WIDTH ? value : value * 10 + (**p - '0');
	}
	bool negative = value < 0;
	if (value < -MAX_WIDTH || value > MAX_WIDTH)
		value = MAX_WIDTH;
	*ret = (unsigned)(value < 0 ? -value : value);
	return !negative;
}

static const char *read_length(const char *p, struct spec *s)
{
	unsigned halves = 0;
	for (; *p && strchr("hlzjtLq", *p); p++)
		halves += *p == 'h';
	s->bits = halves == 1 ? 16 : halves ? 8 : 0;
	return p;
}

/* @p p stands behind '%'. Returns what follows the conversion. */
static const char *read_spec(const char *p, struct arguments *a, struct spec *ret)
{
	*ret = (struct spec){ 0 };
	p = read_flags(p, ret);
	if (!read_number(&p, a, &ret->width))
		ret->minus = true;
	if (*p == '.') {
		p++;
		ret->has_precision = read_number(&p, a, &ret->precision);
	}
	p = read_length(p, ret);
	ret->conversion = *p;
	return *p ? p + 1 : p;
}

/* --- writing one --- */

static void add_many(struct fl_str *out, char c, size_t count)
{
	while (count--)
		fl_str_addc(out, c);
}

/* Blanks, prefix, zeroes, body, blanks: as wide as was asked for. */
static void add_padded(struct fl_str *out, const struct spec *s, const char *prefix, size_t zeroes,
		       const char *body, size_t size)
{
	size_t filled = strlen(prefix) + zeroes + size;
	size_t missing = s->width > filled ? s->width - filled : 0;
	if (!s->minus)
		add_many(out, ' ', missing);
	fl_str_adds(out, prefix);
	add_many(out, '0', zeroes);
	fl_str_add(out, body, size);
	if (s->minus)
		add_many(out, ' ', missing);
}

/* How many zeroes the flag asks for, where it counts. */
static size_t zeroes_to_width(const struct spec *s, const char *prefix, size_t size)
{
	size_t filled = strlen(prefix) + size;
	return s->zero && !s->minus && s->width > filled ? s->width - filled : 0;
}

static const char *sign_of(const struct spec *s, bool negative)
{
	return negative ? "-" : s->plus ? "+" : s->space ? " " : "";
}

static void add_digits(struct fl_str *out, const struct spec *s, const char *prefix, uint64_t value,
		       unsigned base)
{
	const char *digits = s->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[24];
	size_t at = sizeof(buf);
	for (; value; value /= base)
		buf[--at] = digits[value % base];
	size_t size = sizeof(buf) - at;
	size_t least = s->has_precision ? s->precision : 1;
	size_t zeroes = least > size ? least - size : 0;
	if (base == 8 && s->alternative && !zeroes)
		zeroes = 1;
	if (!s->has_precision) {
		size_t wide = zeroes_to_width(s, prefix, size);
		zeroes = wide > zeroes ? wide : zeroes;
	}
	add_padded(out, s, prefix, zeroes, buf + at, size);
}

/* A device promotes an argument to 32 or 64 bits and sends it as signed (docs/formats.md). */
static void add_signed(struct fl_str *out, const struct spec *s, const struct fl_log_argument *a)
{
	int64_t value = a->integer;
	if (s->bits == 8)
		value = (int8_t)value;
	else if (s->bits == 16)
		value = (int16_t)value;
	uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
	add_digits(out, s, sign_of(s, value < 0), magnitude, 10);
}

static void add_unsigned(struct fl_str *out, const struct spec *s, const struct fl_log_argument *a)
{
	unsigned bits = s->bits ? s->bits : a->kind == FL_LOG_INT32 ? 32 : 64;
	uint64_t value = (uint64_t)a->integer & UINT64_MAX >> (64 - bits);
	unsigned base = s->conversion == 'u' ? 10 : s->conversion == 'o' ? 8 : 16;
	const char *prefix = "";
	if (s->conversion == 'p' || (s->conversion == 'x' && s->alternative && value))
		prefix = "0x";
	else if (s->conversion == 'X' && s->alternative && value)
		prefix = "0X";
	add_digits(out, s, prefix, value, base);
}

/* Digits of a number that is not negative. The largest double has 309 before the point. */
static size_t number_text(const struct spec *s, double value, char *buf, size_t room)
{
	int precision = s->has_precision ? (int)s->precision : 6;
	bool alternative = s->alternative;
	switch (s->conversion | 0x20) {
	case 'f':
		return (size_t)(alternative ? snprintf(buf, room, "%#.*f", precision, value)
					    : snprintf(buf, room, "%.*f", precision, value));
	case 'e':
		return (size_t)(alternative ? snprintf(buf, room, "%#.*e", precision, value)
					    : snprintf(buf, room, "%.*e", precision, value));
	case 'a':
		return (size_t)(s->has_precision ? snprintf(buf, room, "%.*a", precision, value)
						 : snprintf(buf, room, "%a", value));
	default:
		return (size_t)(alternative ? snprintf(buf, room, "%#.*g", precision, value)
					    : snprintf(buf, room, "%.*g", precision, value));
	}
}

static bool is_number_part(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '+' || c == '-';
}

/* The decimal point of the caller's locale, which may have several bytes, becomes '.'. */
static size_t plain_point(char *text, size_t size)
{
	size_t out = 0;
	for (size_t i = 0; i < size; i++) {
		if (is_number_part(text[i]))
			text[out++] = text[i];
		else if (!out || text[out - 1] != '.')
			text[out++] = '.';
	}
	return out;
}

static void to_upper(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
}

static void add_double(struct fl_str *out, const struct spec *s, double value)
{
	char buf[512];
	char prefix[4];
	char *digits = buf;
	size_t size = plain_point(buf, number_text(s, fabs(value), buf, sizeof(buf)));
	if (strchr("FEGA", s->conversion))
		to_upper(buf, size);
	bool hexadecimal = (s->conversion | 0x20) == 'a' && isfinite(value);
	snprintf(prefix, sizeof(prefix), "%s%.*s", sign_of(s, signbit(value)), hexadecimal ? 2 : 0,
		 buf);
	if (hexadecimal) {
		digits += 2;
		size -= 2;
	}
	size_t zeroes = isfinite(value) ? zeroes_to_width(s, prefix, size) : 0;
	add_padded(out, s, prefix, zeroes, digits, size);
}

static void add_text(struct fl_str *out, const struct spec *s, const char *text)
{
	size_t size = strlen(text);
	if (s->has_precision && s->precision < size)
		size = s->precision;
	add_padded(out, s, "", 0, text, size);
}

static void add_char(struct fl_str *out, const struct spec *s, const struct fl_log_argument *a)
{
	char c = (char)a->integer;
	add_padded(out, s, "", 0, &c, 1);
}

/* What the argument is, whatever the format takes it for. */
static void add_natural(struct fl_str *out, const struct spec *s, const struct fl_log_argument *a)
{
	struct spec plain = { .minus = s->minus, .width = s->width, .conversion = 'g' };
	if (a->kind == FL_LOG_TEXT)
		add_text(out, &plain, a->text);
	else if (a->kind == FL_LOG_DOUBLE)
		add_double(out, &plain, a->number);
	else
		add_signed(out, &plain, a);
}

static void add_argument(struct fl_str *out, const struct spec *s, const struct fl_log_argument *a)
{
	bool is_integer = a->kind == FL_LOG_INT32 || a->kind == FL_LOG_INT64;
	if (is_integer && strchr("di", s->conversion))
		add_signed(out, s, a);
	else if (is_integer && strchr("uoxXp", s->conversion))
		add_unsigned(out, s, a);
	else if (is_integer && s->conversion == 'c')
		add_char(out, s, a);
	else if (a->kind == FL_LOG_DOUBLE && strchr("fFeEgGaA", s->conversion))
		add_double(out, s, a->number);
	else if (a->kind == FL_LOG_TEXT && s->conversion == 's')
		add_text(out, s, a->text);
	else
		add_natural(out, s, a);
}

void fl_log_format(struct fl_str *out, const char *format, const struct fl_log_argument *arguments,
		   size_t count)
{
	struct arguments a = { arguments, count };
	while (*format && out->size <= FL_LIMIT_LOG && !out->failed) {
		struct spec s;
		size_t plain = strcspn(format, "%");
		fl_str_add(out, format, plain < FL_LIMIT_LOG ? plain : FL_LIMIT_LOG);
		format += plain;
		if (!*format)
			break;
		const char *end = read_spec(format + 1, &a, &s);
		if (s.conversion == '%') {
			fl_str_addc(out, '%');
		} else {
			const struct fl_log_argument *argument = s.conversion ? take(&a) : NULL;
			if (!s.conversion || !strchr("diuoxXpcsfFeEgGaA", s.conversion))
				fl_str_add(out, format, (size_t)(end - format));
			else if (argument)
				add_argument(out, &s, argument);
			else
				fl_str_adds(out, "(missing)");
		}
		format = end;
	}
}

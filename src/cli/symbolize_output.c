/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/symbolize.h"

#include <string.h>

static void drain(struct cli_output *out)
{
	fwrite(out->bytes, 1, out->used, stdout);
	out->used = 0;
}

bool cli_output_flush(struct cli_output *out)
{
	drain(out);
	return fflush(stdout) == 0 && !ferror(stdout);
}

static void put_bytes(struct cli_output *out, const char *bytes, size_t size)
{
	if (size > sizeof(out->bytes) - out->used)
		drain(out);
	if (size > sizeof(out->bytes)) {
		fwrite(bytes, 1, size, stdout);
		return;
	}
	memcpy(out->bytes + out->used, bytes, size);
	out->used += size;
}

static void put(struct cli_output *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

static void put_number(struct cli_output *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	put_bytes(out, digits + at, sizeof(digits) - at);
}

static void put_address(struct cli_output *out, uint32_t addr)
{
	char text[10] = "0x";
	for (unsigned i = 0; i < 8; i++)
		text[2 + i] = "0123456789abcdef"[addr >> (28 - 4 * i) & 15];
	put_bytes(out, text, sizeof(text));
}

static const char *file_name(const struct cli_place_style *style, const struct fl_scope *scope)
{
	return style->basenames ? cli_basename(scope->file) : scope->file;
}

/* --- as addr2line prints it (binutils 2.40: addr2line.c, translate_addresses) --- */

static const char *linker_name(const struct fl_scope *scope)
{
	if (scope->linkage_name)
		return scope->linkage_name;
	return scope->function ? scope->function : "??";
}

static void put_addr2line_scope(struct cli_output *out, const struct cli_place_style *style,
				const struct fl_scope *scope)
{
	if (style->functions) {
		put(out, linker_name(scope));
		put(out, style->pretty ? " at " : "\n");
	}
	put(out, scope->file ? file_name(style, scope) : "??");
	put(out, ":");
	if (scope->line)
		put_number(out, scope->line);
	else
		put(out, "?");
	put(out, "\n");
}

static void put_addr2line(struct cli_output *out, const struct cli_place_style *style,
			  const struct cli_place *place)
{
	if (style->addresses) {
		put_address(out, place->addr);
		put(out, style->pretty ? ": " : "\n");
	}
	if (!place->count) {
		if (style->functions)
			put(out, style->pretty ? "?? " : "??\n");
		put(out, "??:0\n");
	}
	for (size_t i = 0; i < place->count && (!i || style->inlines); i++) {
		if (i && style->pretty)
			put(out, " (inlined by) ");
		put_addr2line_scope(out, style, &place->scopes[i]);
	}
}

/* --- JSON --- */

/* What the sandbox hands out is UTF-8 without control characters. */
static void put_json_text(struct cli_output *out, const char *text)
{
	put(out, "\"");
	for (size_t plain; *text; text += plain) {
		plain = strcspn(text, "\"\\");
		put_bytes(out, text, plain);
		if (!text[plain])
			break;
		put(out, "\\");
		put_bytes(out, text + plain, 1);
		plain++;
	}
	put(out, "\"");
}

static void put_json_member(struct cli_output *out, const char *key, const char *text)
{
	if (!text)
		return;
	put(out, key);
	put_json_text(out, text);
}

static void put_json_number(struct cli_output *out, const char *key, uint32_t number)
{
	if (!number)
		return;
	put(out, key);
	put_number(out, number);
}

static void put_json_scope(struct cli_output *out, const struct cli_place_style *style,
			   const struct fl_scope *scope, bool inlined)
{
	put(out, inlined ? "{\"inlined\":true" : "{\"inlined\":false");
	put_json_member(out, ",\"function\":", scope->function);
	put_json_member(out, ",\"linkage_name\":", scope->linkage_name);
	put_json_member(out, ",\"file\":", scope->file ? file_name(style, scope) : NULL);
	put_json_number(out, ",\"line\":", scope->line);
	put_json_number(out, ",\"column\":", scope->column);
	put(out, "}");
}

static void
put_json(struct cli_output *out, const struct cli_place_style *style, const struct cli_place *place)
{
	if (place->kind != CLI_ADDRESS) {
		put(out, "{\"error\":\"not an address\",\"input\":");
		put_number(out, place->number);
		put(out, "}\n");
		return;
	}
	put(out, "{\"address\":\"");
	put_address(out, place->addr);
	put(out, "\"");
	put_json_member(out, ",\"module\":", place->module);
	put(out, ",\"frames\":[");
	for (size_t i = 0; i < place->count; i++) {
		if (i)
			put(out, ",");
		put_json_scope(out, style, &place->scopes[i], i + 1 < place->count);
	}
	put(out, "]}\n");
}

/* --- for people --- */

static void put_readable_scope(struct cli_output *out, const struct cli_place_style *style,
			       const struct fl_scope *scope)
{
	put(out, scope->function ? scope->function : "?? (no symbol)");
	if (!scope->file)
		return;
	put(out, " at ");
	put(out, file_name(style, scope));
	if (scope->line) {
		put(out, ":");
		put_number(out, scope->line);
	}
	if (scope->line && scope->column) {
		put(out, ":");
		put_number(out, scope->column);
	}
}

static void put_readable(struct cli_output *out, const struct cli_place_style *style,
			 const struct cli_place *place)
{
	if (place->kind != CLI_ADDRESS)
		return;
	put_address(out, place->addr);
	put(out, " ");
	if (!place->count)
		put(out, place->module ? "?? (no symbol)" : "?? (no code)");
	for (size_t i = 0; i < place->count; i++) {
		if (i)
			put(out, "\n           inlined into ");
		put_readable_scope(out, style, &place->scopes[i]);
	}
	if (style->many_modules && place->module) {
		put(out, " [");
		put(out, place->module);
		put(out, "]");
	}
	put(out, "\n");
}

void cli_put_place(struct cli_output *out, const struct cli_place_style *style,
		   const struct cli_place *place)
{
	if (style->json)
		put_json(out, style, place);
	else if (style->addr2line)
		put_addr2line(out, style, place);
	else
		put_readable(out, style, place);
}

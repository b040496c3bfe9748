/* SPDX-License-Identifier: Apache-2.0 */
/** @file Compiled symbols of a written or recorded ELF. */
#ifndef TESTS_SYMBOLS_CASE_H
#define TESTS_SYMBOLS_CASE_H

#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/dwarf_writer.h"
#include "symbols/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbols_case {
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	const struct fl_module *module; /* the primary */
};

static inline void free_symbols_case(struct symbols_case *c)
{
	fl_symbols_close(c->symbols);
}
#define SYMBOLS __attribute__((__cleanup__(free_symbols_case))) struct symbols_case

/** The bytes are gone before anything is looked up. */
static inline struct symbols_case open_symbols_bytes(const void *data, size_t size)
{
	struct symbols_case c = { 0 };
	struct fl_error err = { 0 };
	uint8_t *bytes = exact_copy(data, size);
	if (fl_symbols_open(bytes, size, "fw.elf", &c.symbols, &err))
		fail_msg("%s", err.message);
	free(bytes);
	assert_true(fl_view_add(&c.view, c.symbols));
	c.module = c.view.modules[0];
	return c;
}

static inline struct symbols_case open_symbols(struct elf_writer *w)
{
	elf_end(w);
	return open_symbols_bytes(w->file.data, w->file.size);
}

static inline struct symbols_case open_file(const char *path)
{
	size_t size;
	uint8_t *bytes = corpus_read(path, &size);
	if (!bytes)
		fail_msg("%s is missing", path);
	struct symbols_case c = open_symbols_bytes(bytes, size);
	free(bytes);
	return c;
}

static inline struct symbols_case open_fixture(const char *build)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s/fw.elf", FL_CORPUS, build);
	return open_file(path);
}

/** "leaf main.c:7 < outer main.c:44": file names without folders; "-" where nothing is known. */
static inline const char *
scopes_at(const struct fl_module *module, uint32_t pc, char *buf, size_t size)
{
	struct fl_scope scopes[65];
	size_t count = fl_module_scopes(module, pc, scopes, 65);
	size_t used = 0;
	snprintf(buf, size, "-");
	for (size_t i = 0; i < count && used < size; i++) {
		const char *file = scopes[i].file ? scopes[i].file : "?";
		const char *base = strrchr(file, '/');
		used += (size_t)snprintf(buf + used, size - used, "%s%s %s:%u", i ? " < " : "",
					 scopes[i].function, base ? base + 1 : file,
					 scopes[i].line);
	}
	return buf;
}

static inline void assert_scopes(const struct fl_module *module, uint32_t pc, const char *want)
{
	char got[1024];
	scopes_at(module, pc, got, sizeof(got));
	if (strcmp(got, want) != 0)
		fail_msg("at 0x%x: \"%s\", not \"%s\"", (unsigned)pc, got, want);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"
#include "symbols/module.h"

#include "base/hash.h"
#include "base/pages.h"

#include <stdlib.h>
#include <string.h>

/* The ELFs of one file: outer, embedded, embedded in those. */
struct opening {
	struct fl_symbols *symbols;
	struct fl_pages *pages;
	uint8_t hashes[FL_LIMIT_MODULES][16]; /* of every ELF taken so far: none is taken twice */
};

static bool is_new(struct opening *o, const void *bytes, size_t size)
{
	uint8_t hash[16];
	fl_hash128(bytes, size, hash);
	fl_pages_release(o->pages);
	for (size_t i = 0; i < o->symbols->count; i++)
		if (!memcmp(o->hashes[i], hash, sizeof(hash)))
			return false;
	memcpy(o->hashes[o->symbols->count], hash, sizeof(hash));
	return true;
}

static enum fl_code add_module(struct opening *o, const char *name, const void *bytes, size_t size,
			       unsigned depth, struct fl_error *err);

static void
refuse(struct fl_image *image, const struct fl_section *s, enum fl_code code, const char *why)
{
	fl_finding_add(&image->findings, FL_STAGE_IMAGE, FL_WARNING, code, FL_AT_FILE_OFFSET,
		       s->off, "%s: embedded ELF %s is ignored: %s", image->elf.name,
		       s->name + strlen(FL_AUX_PREFIX), why);
}

/* Embedded ELFs become modules after the one that holds them, which must take its findings first.
 */
static enum fl_code add_embedded(struct opening *o, struct fl_image *image,
				 const struct fl_section *s, unsigned depth, struct fl_error *err)
{
	const char *name = s->name + strlen(FL_AUX_PREFIX);
	if (depth > FL_LIMIT_AUX_DEPTH) {
		refuse(image, s, FL_ELIMIT, "nested too deep");
		return FL_OK;
	}
	if (o->symbols->count == FL_LIMIT_MODULES) {
		refuse(image, s, FL_ELIMIT, "too many modules");
		return FL_OK;
	}
	struct fl_error why = { 0 };
	enum fl_code code = add_module(o, name[0] ? name : s->name, s->bytes, s->size, depth, &why);
	if (code == FL_ENOMEM) {
		if (err)
			*err = why;
		return code;
	}
	if (code)
		refuse(image, s, code, why.message);
	return FL_OK;
}

static enum fl_code
add_all_embedded(struct opening *o, struct fl_image *image, unsigned depth, struct fl_error *err)
{
	for (size_t i = 0; i < image->elf.section_count; i++) {
		const struct fl_section *s = &image->elf.sections[i];
		if (!s->bytes || strncmp(s->name, FL_AUX_PREFIX, strlen(FL_AUX_PREFIX)) != 0)
			continue;
		enum fl_code code = add_embedded(o, image, s, depth + 1, err);
		if (code)
			return code;
	}
	return FL_OK;
}

static enum fl_code compile(struct fl_image *image, struct fl_module **ret, struct fl_error *err)
{
	uint8_t *index;
	size_t size;
	enum fl_code code = fl_index_build(image, &index, &size, err);
	return code ? code : fl_module_open(index, size, ret, err);
}

static enum fl_code add_module(struct opening *o, const char *name, const void *bytes, size_t size,
			       unsigned depth, struct fl_error *err)
{
	FL_AUTO(fl_image) image = NULL;
	if (!is_new(o, bytes, size))
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "the same ELF is there already");
	enum fl_code code = fl_image_open(name, bytes, size, o->pages, &image, err);
	if (code)
		return code;
	memcpy(image->hash, o->hashes[o->symbols->count], sizeof(image->hash));
	size_t place = o->symbols->count++; /* before its children, compiled after them: they may
					       add findings */
	code = add_all_embedded(o, image, depth, err);
	fl_pages_release(o->pages);
	if (!code)
		code = compile(image, &o->symbols->modules[place], err);
	return code;
}

/* Wherever the ELF keeps it: a note, a variable in flash. */
static uint64_t build_id_off(const struct fl_module *outer, const void *bytes, size_t size)
{
	const struct fl_index_header *h = outer->header;
	const uint8_t *at =
		h->build_id_size ? memmem(bytes, size, h->build_id, h->build_id_size) : NULL;
	return at ? (uint64_t)(at - (const uint8_t *)bytes) : 0;
}

enum fl_code fl_symbols_open_mapped(const void *bytes, size_t size, const char *name,
				    void (*release)(const void *bytes, size_t size),
				    struct fl_symbols **ret, struct fl_error *err)
{
	struct fl_pages pages = { .bytes = bytes, .size = size, .release = release };
	FL_AUTO(fl_symbols) symbols = calloc(1, sizeof(*symbols));
	if (!symbols)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for symbols");
	struct opening o = { .symbols = symbols, .pages = &pages };
	enum fl_code code = add_module(&o, name, bytes, size, 0, err);
	if (code)
		return code;
	symbols->elf_size = size;
	symbols->build_id_off = build_id_off(symbols->modules[0], bytes, size);
	*ret = fl_symbols_take(&symbols);
	return FL_OK;
}

enum fl_code fl_symbols_open(const void *bytes, size_t size, const char *name,
			     struct fl_symbols **ret, struct fl_error *err)
{
	return fl_symbols_open_mapped(bytes, size, name, NULL, ret, err);
}

bool fl_symbols_are_of(const struct fl_symbols *symbols, const void *elf, size_t size)
{
	uint8_t hash[16];
	fl_hash128(elf, size, hash);
	return size == symbols->elf_size &&
	       !memcmp(hash, symbols->modules[0]->header->elf_hash, sizeof(hash));
}

void fl_symbols_close(struct fl_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->count; i++)
		fl_module_close(symbols->modules[i]);
	free(symbols);
}

size_t fl_symbols_module_count(const struct fl_symbols *symbols)
{
	return symbols->count;
}

struct fl_module_info fl_symbols_module(const struct fl_symbols *symbols, size_t index)
{
	if (index >= symbols->count)
		return (struct fl_module_info){ .name = "" };
	return fl_module_info(symbols->modules[index]);
}

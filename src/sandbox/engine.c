/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/engine.h"

#include "sandbox/places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct fl_engine_image {
	struct fl_symbols *symbols;
	void *index; /* mapped; NULL: compiled */
	size_t index_size;
	uint64_t used; /**< value of the clock at the last use */
	bool has_key;
	uint8_t key[16];
	char name[FL_WIRE_NAME];
};

enum fl_code fl_engine_init(struct fl_engine *engine, const struct fl_rules *rules,
			    const char *sandbox, size_t kept, struct fl_error *err)
{
	*engine = (struct fl_engine){ .rules = rules, .sandbox = sandbox, .kept = kept };
	/* All ELFs of one request have room beside those that are kept. */
	engine->images = calloc(kept + FL_WIRE_ELFS, sizeof(engine->images[0]));
	if (!engine->images)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "cache of %zu images", kept);
	return FL_OK;
}

static void release(struct fl_engine_image *image)
{
	fl_symbols_close(image->symbols);
	if (image->index)
		munmap(image->index, image->index_size);
}

void fl_engine_deinit(struct fl_engine *engine)
{
	for (size_t i = 0; i < engine->count; i++)
		release(&engine->images[i]);
	free(engine->images);
	*engine = (struct fl_engine){ 0 };
}

static void forget(struct fl_engine *engine, size_t index)
{
	release(&engine->images[index]);
	engine->images[index] = engine->images[--engine->count];
}

static size_t least_recent(const struct fl_engine *engine)
{
	size_t oldest = 0;
	for (size_t i = 1; i < engine->count; i++)
		if (engine->images[i].used < engine->images[oldest].used)
			oldest = i;
	return oldest;
}

/* Runs before a request, so that what fl_engine_inspect() handed out stays until the next one. */
static void trim(struct fl_engine *engine)
{
	for (size_t i = engine->count; i-- > 0;)
		if (!engine->images[i].has_key)
			forget(engine, i);
	while (engine->count > engine->kept)
		forget(engine, least_recent(engine));
}

/* The name is part of the identity: it is in the report, which may not depend on earlier requests.
 */
static bool same_image(const struct fl_engine_image *image, const struct fl_image_input *input)
{
	return image->has_key && input->key &&
	       memcmp(image->key, input->key, sizeof(image->key)) == 0 &&
	       strcmp(image->name, input->name) == 0;
}

/* "fw.elf: not an ELF file": which of several files it was, said once. */
static enum fl_code
name_error(enum fl_code code, const struct fl_error *cause, const char *name, struct fl_error *err)
{
	if (strstr(cause->message, name)) {
		if (err)
			*err = *cause;
		return code;
	}
	return fl_fail(err, code, cause->at_kind, cause->at, "%s: %s", name, cause->message);
}

/* NULL for an empty file. */
static enum fl_code map(int fd, uint64_t size, const char *name, void **ret, struct fl_error *err)
{
	*ret = NULL;
	if (size > SIZE_MAX / 2)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "%s: too large", name);
	if (!size)
		return FL_OK;
	void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return fl_fail(err, errno == ENOMEM ? FL_ENOMEM : FL_EIO, FL_AT_NONE, 0,
			       "%s: cannot map %zu bytes", name, (size_t)size);
	*ret = bytes;
	return FL_OK;
}

/* The pages of a private mapping that nobody writes to are read from the file again. */
static void give_back(const void *bytes, size_t size)
{
	(void)madvise((void *)(uintptr_t)bytes, size, MADV_DONTNEED);
}

static enum fl_code
compile(const struct fl_image_input *input, struct fl_symbols **ret, struct fl_error *err)
{
	void *bytes;
	enum fl_code code = map(input->fd, input->size, input->name, &bytes, err);
	if (code)
		return code;
	struct fl_error cause = { 0 };
	code = fl_symbols_open_mapped(bytes ? bytes : "", (size_t)input->size, input->name,
				      bytes ? give_back : NULL, ret, &cause);
	if (bytes)
		munmap(bytes, (size_t)input->size);
	return code ? name_error(code, &cause, input->name, err) : FL_OK;
}

static bool is_of(const struct fl_symbols *symbols, const struct fl_image_input *input)
{
	void *bytes;
	if (map(input->fd, input->size, input->name, &bytes, NULL))
		return false;
	bool same = fl_symbols_are_of(symbols, bytes ? bytes : "", (size_t)input->size);
	if (bytes)
		munmap(bytes, (size_t)input->size);
	return same;
}

/* An index that is sound, and says what compiling this ELF under this name would say. */
static enum fl_code
use_index(const struct fl_image_input *input, struct fl_engine_image *ret, struct fl_error *err)
{
	void *bytes;
	struct fl_symbols *symbols = NULL;
	enum fl_code code = map(input->index_fd, input->index_size, "index", &bytes, err);
	if (code || !bytes)
		return code ? code : fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "symbol index: empty");
	code = fl_symbols_decode(bytes, (size_t)input->index_size, &symbols, err);
	if (!code && strcmp(fl_symbols_module(symbols, 0).name, input->name) != 0)
		code = fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "symbol index: of another name");
	if (!code && input->verify && !is_of(symbols, input))
		code = fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "symbol index: the ELF has other contents");
	if (code) {
		fl_symbols_close(symbols);
		munmap(bytes, (size_t)input->index_size);
		return code;
	}
	ret->symbols = symbols;
	ret->index = bytes;
	ret->index_size = (size_t)input->index_size;
	return FL_OK;
}

static void refuse(struct fl_engine *engine, size_t number, const struct fl_error *why)
{
	if (!engine->refused)
		snprintf(engine->refusal, sizeof(engine->refusal), "%s", why->message);
	engine->refused |= UINT32_C(1) << number;
}

static struct fl_engine_image *
remembered(const struct fl_engine *engine, const struct fl_image_input *input)
{
	for (size_t i = 0; i < engine->count; i++)
		if (same_image(&engine->images[i], input))
			return &engine->images[i];
	return NULL;
}

/* Input number @p number of a request, from memory, from its index, or compiled. */
static enum fl_code find(struct fl_engine *engine, const struct fl_image_input *input,
			 size_t number, const struct fl_symbols **ret, struct fl_error *err)
{
	struct fl_engine_image *known = remembered(engine, input);
	if (known) {
		known->used = engine->clock;
		*ret = known->symbols;
		return FL_OK;
	}
	struct fl_engine_image image = { .used = engine->clock, .has_key = input->key != NULL };
	struct fl_error why = { 0 };
	if (input->index_fd >= 0 && use_index(input, &image, &why))
		refuse(engine, number, &why);
	enum fl_code code = image.symbols ? FL_OK : compile(input, &image.symbols, err);
	if (code)
		return code;
	if (input->key)
		memcpy(image.key, input->key, sizeof(image.key));
	snprintf(image.name, sizeof(image.name), "%s", input->name);
	engine->images[engine->count++] = image;
	*ret = image.symbols;
	return FL_OK;
}

bool fl_engine_has(struct fl_engine *engine, const struct fl_image_input *inputs, size_t count)
{
	trim(engine);
	for (size_t i = 0; i < count; i++)
		if (!remembered(engine, &inputs[i]))
			return false;
	return true;
}

static void begin(struct fl_engine *engine)
{
	engine->clock++;
	engine->refused = 0;
	engine->refusal[0] = '\0';
	trim(engine);
}

/* Compiled or remembered, all of one request. */
static enum fl_code find_all(struct fl_engine *engine, const struct fl_image_input *inputs,
			     size_t count, const struct fl_symbols *ret[FL_WIRE_ELFS],
			     struct fl_error *err)
{
	begin(engine);
	for (size_t i = 0; i < count; i++) {
		enum fl_code code = find(engine, &inputs[i], i, &ret[i], err);
		if (code)
			return code;
	}
	return FL_OK;
}

enum fl_code fl_engine_analyze(struct fl_engine *engine, enum fl_wire_input kind, const void *bytes,
			       size_t size, const struct fl_image_input *inputs, size_t count,
			       struct fl_report **ret, struct fl_error *err)
{
	const struct fl_symbols *symbols[FL_WIRE_ELFS];
	enum fl_code code = find_all(engine, inputs, count, symbols, err);
	if (code)
		return code;
	const struct fl_analyze_options options = {
		.size = sizeof(options),
		.rules = engine->rules,
		.sandbox = engine->sandbox,
	};
	return (kind == FL_WIRE_EVENT ? fl_analyze_event : fl_analyze)(
		bytes, size, count ? symbols : NULL, count, &options, ret, err);
}

enum fl_code fl_engine_lookup(struct fl_engine *engine, const struct fl_image_input *inputs,
			      size_t count, enum fl_sandbox_names names, const uint32_t *addrs,
			      size_t addr_count, struct fl_buffer *ret, struct fl_error *err)
{
	const struct fl_symbols *symbols[FL_WIRE_ELFS];
	enum fl_code code = find_all(engine, inputs, count, symbols, err);
	return code ? code : fl_places_pack(symbols, count, names, addrs, addr_count, ret, err);
}

enum fl_code fl_engine_inspect(struct fl_engine *engine, const struct fl_image_input *input,
			       const struct fl_symbols **ret, struct fl_error *err)
{
	begin(engine);
	return find(engine, input, 0, ret, err);
}

enum fl_code fl_engine_encode(struct fl_engine *engine, const struct fl_image_input *input,
			      struct fl_buffer *ret, struct fl_error *err)
{
	const struct fl_symbols *symbols;
	begin(engine);
	enum fl_code code = find(engine, input, 0, &symbols, err);
	return code ? code : fl_symbols_encode(symbols, &input->origin, ret, err);
}

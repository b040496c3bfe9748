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

void fl_engine_deinit(struct fl_engine *engine)
{
	for (size_t i = 0; i < engine->count; i++)
		fl_symbols_close(engine->images[i].symbols);
	free(engine->images);
	*engine = (struct fl_engine){ 0 };
}

static void forget(struct fl_engine *engine, size_t index)
{
	fl_symbols_close(engine->images[index].symbols);
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

static enum fl_code
compile(const struct fl_image_input *input, struct fl_symbols **ret, struct fl_error *err)
{
	if (input->size > SIZE_MAX / 2)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "%s: too large", input->name);
	size_t size = (size_t)input->size;
	void *bytes = NULL;
	if (size) {
		bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, input->fd, 0);
		if (bytes == MAP_FAILED)
			return fl_fail(err, errno == ENOMEM ? FL_ENOMEM : FL_EIO, FL_AT_NONE, 0,
				       "%s: cannot map %zu bytes", input->name, size);
	}
	struct fl_error cause = { 0 };
	enum fl_code code = fl_symbols_open(bytes ? bytes : "", size, input->name, ret, &cause);
	if (bytes)
		munmap(bytes, size);
	return code ? name_error(code, &cause, input->name, err) : FL_OK;
}

static enum fl_code find(struct fl_engine *engine, const struct fl_image_input *input,
			 const struct fl_symbols **ret, struct fl_error *err)
{
	for (size_t i = 0; i < engine->count; i++) {
		if (!same_image(&engine->images[i], input))
			continue;
		engine->images[i].used = engine->clock;
		*ret = engine->images[i].symbols;
		return FL_OK;
	}
	struct fl_engine_image image = { .used = engine->clock, .has_key = input->key != NULL };
	enum fl_code code = compile(input, &image.symbols, err);
	if (code)
		return code;
	if (input->key)
		memcpy(image.key, input->key, sizeof(image.key));
	snprintf(image.name, sizeof(image.name), "%s", input->name);
	engine->images[engine->count++] = image;
	*ret = image.symbols;
	return FL_OK;
}

/* Compiled or remembered, all of one request. */
static enum fl_code find_all(struct fl_engine *engine, const struct fl_image_input *inputs,
			     size_t count, const struct fl_symbols *ret[FL_WIRE_ELFS],
			     struct fl_error *err)
{
	engine->clock++;
	trim(engine);
	for (size_t i = 0; i < count; i++) {
		enum fl_code code = find(engine, &inputs[i], &ret[i], err);
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
	engine->clock++;
	trim(engine);
	return find(engine, input, ret, err);
}

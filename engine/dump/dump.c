/* SPDX-License-Identifier: Apache-2.0 */
#include "dump/dump.h"

#include "base/hash.h"
#include "dump/format.h"
#include "dump/identify.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct fl_dump_format *const formats[] = {
	&fl_dump_format_memfault,
};

static const struct fl_dump_format *find_format(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i]->matches(bytes, size))
			return formats[i];
	return NULL;
}

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory reading the dump");
}

enum fl_code
fl_dump_open(const void *bytes, size_t size, struct fl_dump **ret, struct fl_error *err)
{
	if (!bytes)
		size = 0;
	const struct fl_dump_format *format = find_format(bytes, size);
	if (!format) {
		char buf[80];
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0, "not a coredump: this is %s",
			       fl_identify(bytes, size, buf, sizeof(buf)));
	}
	FL_AUTO(fl_dump) dump = calloc(1, sizeof(*dump));
	if (!dump)
		return no_memory(err);
	dump->bytes = bytes;
	dump->size = size;
	dump->findings.arena = &dump->arena;
	dump->facts.format = format->name;
	dump->facts.size = size;
	fl_hash128(bytes, size, dump->facts.hash);
	enum fl_code code = format->parse(dump, err);
	if (code)
		return code;
	dump->facts.context_count = dump->context_count;
	if (fl_memory_layer(&dump->memory, &dump->arena, dump->spans, dump->span_count))
		return no_memory(err);
	*ret = fl_dump_take(&dump);
	return FL_OK;
}

void fl_dump_close(struct fl_dump *dump)
{
	if (!dump)
		return;
	fl_arena_deinit(&dump->arena);
	free(dump);
}

const struct fl_dump_identity *fl_dump_identity(const struct fl_dump *dump)
{
	return &dump->identity;
}

enum fl_code fl_dump_read(const struct fl_dump *dump, uint32_t address, void *buf, size_t size,
			  struct fl_error *err)
{
	uint32_t missing;
	if (size > (UINT64_C(1) << 32) - address)
		return fl_fail(err, FL_EINVALID, FL_AT_TARGET_ADDRESS, address,
			       "%zu bytes at 0x%08" PRIx32 " pass the end of the address space",
			       size, address);
	if (fl_memory_read(&dump->memory, address, buf, size, &missing))
		return FL_OK;
	return fl_fail(err, FL_EUNMAPPED, FL_AT_TARGET_ADDRESS, missing,
		       "0x%08" PRIx32 " was not captured", missing);
}

const struct fl_span *fl_dump_spans(const struct fl_dump *dump, size_t *count_ret)
{
	*count_ret = dump->span_count;
	return dump->spans;
}

const struct fl_registers *fl_dump_contexts(const struct fl_dump *dump, size_t *count_ret)
{
	*count_ret = dump->context_count;
	return dump->contexts;
}

const struct fl_dump_facts *fl_dump_facts(const struct fl_dump *dump)
{
	return &dump->facts;
}

const struct fl_findings *fl_dump_findings(const struct fl_dump *dump)
{
	return &dump->findings;
}

const uint32_t *fl_dump_mpu(const struct fl_dump *dump, size_t *word_count_ret)
{
	*word_count_ret = dump->mpu_count;
	return dump->mpu;
}

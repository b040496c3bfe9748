/* SPDX-License-Identifier: Apache-2.0 */
#include "support/dump_writer.h"

#include <stdlib.h>
#include <string.h>

static void add(struct dump_writer *w, const void *bytes, size_t size)
{
	if (w->size + size > w->room) {
		size_t room = (w->size + size) * 2;
		uint8_t *moved = realloc(w->bytes, room);
		if (!moved)
			abort();
		w->bytes = moved;
		w->room = room;
	}
	if (size)
		memcpy(w->bytes + w->size, bytes, size);
	w->size += size;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void add_u32(struct dump_writer *w, uint32_t value)
{
	uint8_t bytes[4];
	put_u32(bytes, value);
	add(w, bytes, sizeof(bytes));
}

void dump_begin(struct dump_writer *w, uint32_t version)
{
	*w = (struct dump_writer){ .version = version };
	add(w, "CORE", 4);
	add_u32(w, version);
	add_u32(w, 0);
}

void dump_end_without_footer(struct dump_writer *w)
{
	put_u32(w->bytes + 8, (uint32_t)w->size);
}

void dump_end(struct dump_writer *w, bool truncated)
{
	if (w->version >= 2) {
		add(w, "DUMP", 4);
		add_u32(w, truncated);
		add_u32(w, 0);
		add_u32(w, 0);
	}
	dump_end_without_footer(w);
}

void dump_free(struct dump_writer *w)
{
	free(w->bytes);
	*w = (struct dump_writer){ 0 };
}

void dump_block_lying(struct dump_writer *w, uint8_t type, uint32_t address, uint32_t length,
		      const void *payload, size_t size)
{
	add(w, &type, 1);
	add(w, "\0\0", 3);
	add_u32(w, address);
	add_u32(w, length);
	add(w, payload, size);
}

void dump_block(struct dump_writer *w, uint8_t type, uint32_t address, const void *payload,
		size_t size)
{
	dump_block_lying(w, type, address, (uint32_t)size, payload, size);
}

static void add_word_block(struct dump_writer *w, uint8_t type, uint32_t address,
			   const uint32_t *words, size_t count)
{
	dump_block_lying(w, type, address, (uint32_t)(4 * count), NULL, 0);
	for (size_t i = 0; i < count; i++)
		add_u32(w, words[i]);
}

void dump_add_registers(struct dump_writer *w, const struct dump_registers *regs)
{
	uint32_t words[19];
	memcpy(words, regs->r, sizeof(regs->r));
	words[13] = regs->sp;
	words[14] = regs->lr;
	words[15] = regs->pc;
	words[16] = regs->psr;
	words[17] = regs->msp;
	words[18] = regs->psp;
	add_word_block(w, 0, 0, words, 19);
}

void dump_add_register_words(struct dump_writer *w, const uint32_t *words, size_t count)
{
	add_word_block(w, 0, 0, words, count);
}

void dump_add_text(struct dump_writer *w, uint8_t type, const char *text)
{
	dump_block(w, type, 0, text, strlen(text));
}

void dump_add_build_id(struct dump_writer *w, const uint8_t id[20])
{
	dump_block(w, 12, 0, id, 20);
}

void dump_add_reason(struct dump_writer *w, uint32_t reason)
{
	add_word_block(w, 5, 0, &reason, 1);
}

void dump_add_machine(struct dump_writer *w, uint32_t machine)
{
	add_word_block(w, 7, 0, &machine, 1);
}

static void pad(struct dump_writer *w)
{
	if (w->size % 4)
		dump_block(w, 6, 0, "\0\0\0", 4 - w->size % 4);
}

void dump_add_memory(struct dump_writer *w, uint32_t address, const void *bytes, size_t size)
{
	pad(w);
	dump_block(w, 1, address, bytes, size);
}

void dump_add_words(struct dump_writer *w, uint32_t address, const uint32_t *words, size_t count)
{
	pad(w);
	add_word_block(w, 1, address, words, count);
}

void dump_add_fault_registers(struct dump_writer *w, const uint32_t words[7])
{
	dump_add_words(w, 0xE000ED24, words, 7);
}

void dump_add_mpu(struct dump_writer *w, const uint32_t *words, size_t count)
{
	pad(w);
	add_word_block(w, 9, 0, words, count);
}

uint8_t *dump_copy(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/places.h"

#include "sandbox/order.h"
#include "sandbox/wire.h"

#include <stdlib.h>
#include <string.h>

struct header {
	uint32_t place_count;
	uint32_t scope_count;
	uint32_t text_size; /* bytes */
	uint32_t reserved;
};

struct place {
	uint32_t first_scope;
	uint32_t scope_count;
	uint32_t module; /* text */
};

struct scope {
	uint32_t function, linkage_name, file; /* texts */
	uint32_t line, column;
};

/* --- packing --- */

struct array {
	char *data;
	size_t size, room; /* bytes */
};

/* Texts of an index are there once, so that a pointer stands for its text. */
struct known {
	const char *text;
	uint32_t off;
};

struct packer {
	struct array places, scopes, texts;
	struct known *known;
	size_t known_count, known_room; /* room: a power of two */
	size_t expected;                /* the first room */
	enum fl_sandbox_names names;
	enum fl_code code;
};

static void grow(struct packer *p, struct array *a, size_t size)
{
	size_t room = a->room ? a->room : 4096;
	while (room < a->size + size)
		room *= 2;
	char *data = room == a->room ? a->data : realloc(a->data, room);
	if (!data) {
		p->code = FL_ENOMEM;
		return;
	}
	a->data = data;
	a->room = room;
}

static void append(struct packer *p, struct array *a, const void *bytes, size_t size)
{
	if (size > FL_WIRE_RESULT_MAX - a->size)
		p->code = FL_ELIMIT;
	if (!p->code && size > a->room - a->size)
		grow(p, a, size);
	if (p->code || !size)
		return;
	memcpy(a->data + a->size, bytes, size);
	a->size += size;
}

/* Where the text is, or belongs. There is always an empty slot. */
static struct known *slot_of(struct known *known, size_t room, const char *text)
{
	size_t i = (size_t)(((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (room - 1);
	while (known[i].text && known[i].text != text)
		i = (i + 1) & (room - 1);
	return &known[i];
}

static bool make_slots(struct packer *p)
{
	if (p->known_count < p->known_room / 2)
		return true;
	size_t room = p->known_room ? 2 * p->known_room : p->expected;
	struct known *known = calloc(room, sizeof(*known));
	if (!known) {
		p->code = FL_ENOMEM;
		return false;
	}
	for (size_t i = 0; i < p->known_room; i++)
		if (p->known[i].text)
			*slot_of(known, room, p->known[i].text) = p->known[i];
	free(p->known);
	p->known = known;
	p->known_room = room;
	return true;
}

static uint32_t pack_text(struct packer *p, const char *text)
{
	if (!text || !make_slots(p))
		return 0;
	struct known *slot = slot_of(p->known, p->known_room, text);
	if (!slot->text) {
		*slot = (struct known){ text, (uint32_t)p->texts.size };
		p->known_count++;
		append(p, &p->texts, text, strlen(text) + 1);
	}
	return slot->off;
}

static uint32_t pack_demangled(struct packer *p, const char *name)
{
	if (!name || !make_slots(p))
		return 0;
	struct known *slot = slot_of(p->known, p->known_room, name);
	if (slot->text)
		return slot->off;
	FL_AUTO_BUFFER whole = { 0 };
	enum fl_code code = fl_symbols_demangle(name, &whole, NULL);
	if (code == FL_ENOMEM)
		p->code = code;
	*slot = (struct known){ name, code ? 0 : (uint32_t)p->texts.size };
	p->known_count++;
	if (!code)
		append(p, &p->texts, whole.data, whole.size + 1);
	return slot->off;
}

static void pack_scope(struct packer *p, const struct fl_scope *in)
{
	bool demangle = p->names == FL_NAMES_DEMANGLED;
	const struct scope scope = {
		.function = pack_text(p, in->function),
		.linkage_name = (demangle ? pack_demangled : pack_text)(p, in->linkage_name),
		.file = pack_text(p, in->file),
		.line = in->line,
		.column = in->column,
	};
	append(p, &p->scopes, &scope, sizeof(scope));
}

static struct place pack_place(struct packer *p, const struct fl_symbols *const *symbols,
			       size_t symbols_count, uint32_t addr)
{
	struct fl_scope scopes[FL_SCOPES_MAX];
	const char *module;
	size_t count =
		fl_symbols_lookup(symbols, symbols_count, addr, scopes, FL_SCOPES_MAX, &module);
	const struct place place = {
		.first_scope = (uint32_t)(p->scopes.size / sizeof(struct scope)),
		.scope_count = (uint32_t)count,
		.module = pack_text(p, module),
	};
	for (size_t i = 0; i < count; i++)
		pack_scope(p, &scopes[i]);
	return place;
}

/* In the order of addresses: neighbours share what the look-up touches, equal ones all of it. */
static void pack_places(struct packer *p, const struct fl_symbols *const *symbols,
			size_t symbols_count, const uint64_t *order, size_t count)
{
	struct place *places = (void *)(p->places.data + sizeof(struct header));
	struct place place = { 0 };
	for (size_t i = 0; i < count && !p->code; i++) {
		uint32_t addr = (uint32_t)(order[i] >> 32);
		if (!i || addr != (uint32_t)(order[i - 1] >> 32))
			place = pack_place(p, symbols, symbols_count, addr);
		places[(uint32_t)order[i]] = place;
	}
	p->places.size += count * sizeof(place);
}

static uint8_t *put(uint8_t *at, const struct array *a)
{
	if (a->size)
		memcpy(at, a->data, a->size);
	return at + a->size;
}

/* The four parts in one piece; the array of places begins with the header. */
static enum fl_code join(const struct packer *p, struct fl_buffer *ret)
{
	struct header *header = (void *)p->places.data;
	header->scope_count = (uint32_t)(p->scopes.size / sizeof(struct scope));
	header->text_size = (uint32_t)p->texts.size;
	size_t size = p->places.size + p->scopes.size + p->texts.size;
	if (size > FL_WIRE_RESULT_MAX)
		return FL_ELIMIT;
	uint8_t *bytes = size > ret->size ? malloc(size) : ret->data;
	if (!bytes)
		return FL_ENOMEM;
	put(put(put(bytes, &p->places), &p->scopes), &p->texts);
	*ret = (struct fl_buffer){ bytes, size };
	return FL_OK;
}

/* About one for each address. */
static size_t expected_texts(size_t addr_count)
{
	size_t room = 64;
	while (room < addr_count)
		room *= 2;
	return room;
}

enum fl_code fl_places_pack(const struct fl_symbols *const *symbols, size_t symbols_count,
			    enum fl_sandbox_names names, const uint32_t *addrs, size_t count,
			    struct fl_buffer *ret, struct fl_error *err)
{
	struct packer p = { .names = names, .expected = expected_texts(count) };
	const struct header header = { .place_count = (uint32_t)count };
	uint64_t *order = calloc(2 * count + 1, sizeof(*order));
	if (!order)
		p.code = FL_ENOMEM;
	append(&p, &p.places, &header, sizeof(header));
	append(&p, &p.texts, "", 1);
	grow(&p, &p.places, count * sizeof(struct place));
	if (!p.code) {
		fl_order_addresses(addrs, count, order, order + count);
		pack_places(&p, symbols, symbols_count, order, count);
	}
	enum fl_code code = p.code ? p.code : join(&p, ret);
	free(order);
	free(p.places.data);
	free(p.scopes.data);
	free(p.texts.data);
	free(p.known);
	return code ? fl_fail(err, code, FL_AT_NONE, 0, "places of %zu addresses", count) : FL_OK;
}

/* --- taking --- */

static bool are_texts(const struct scope *scopes, size_t count, uint32_t size)
{
	uint32_t highest = 0;
	for (size_t i = 0; i < count; i++) {
		highest = scopes[i].function > highest ? scopes[i].function : highest;
		highest = scopes[i].linkage_name > highest ? scopes[i].linkage_name : highest;
		highest = scopes[i].file > highest ? scopes[i].file : highest;
	}
	return highest < size;
}

static bool are_places(const struct place *places, const struct header *h)
{
	for (size_t i = 0; i < h->place_count; i++)
		if (places[i].first_scope > h->scope_count ||
		    places[i].scope_count > h->scope_count - places[i].first_scope ||
		    places[i].scope_count > FL_SCOPES_MAX || places[i].module >= h->text_size)
			return false;
	return true;
}

static bool is_answer(const char *bytes, size_t size, size_t count)
{
	struct header h;
	if (size < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	const struct place *places = (const void *)(bytes + sizeof(h));
	const struct scope *scopes = (const void *)(places + count);
	uint64_t places_size = (uint64_t)count * sizeof(struct place);
	uint64_t scopes_size = (uint64_t)h.scope_count * sizeof(struct scope);
	return h.place_count == count && h.text_size &&
	       sizeof(h) + places_size + scopes_size + h.text_size == size &&
	       !bytes[size - h.text_size] && !bytes[size - 1] && are_places(places, &h) &&
	       are_texts(scopes, h.scope_count, h.text_size);
}

/* Length of the UTF-8 sequence at @p at, 0 when there is none (RFC 3629, section 4). */
static size_t sequence(const unsigned char *at, size_t left)
{
	size_t size = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
	if (!size || size > left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if (at[i] >> 6 != 2)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return size;
}

/* They go to terminals and into JSON. */
static void clean(unsigned char *texts, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (texts[i] >= 0x80) {
			size_t skip = sequence(texts + i, size - i);
			if (skip)
				i += skip - 1;
			else
				texts[i] = '?';
		} else if (texts[i] == 0x7f || (texts[i] && texts[i] < 0x20)) {
			texts[i] = '?';
		}
	}
}

bool fl_places_take(void *bytes, size_t size, size_t count, struct fl_sandbox_places *ret)
{
	if (!is_answer(bytes, size, count)) {
		free(bytes);
		return false;
	}
	struct header h;
	memcpy(&h, bytes, sizeof(h));
	clean((unsigned char *)bytes + size - h.text_size, h.text_size);
	*ret = (struct fl_sandbox_places){ .bytes = bytes, .count = count };
	return true;
}

void fl_sandbox_places_deinit(struct fl_sandbox_places *places)
{
	free(places->bytes);
	*places = (struct fl_sandbox_places){ 0 };
}

static const char *text_at(const char *texts, uint32_t off)
{
	return off ? texts + off : NULL;
}

size_t fl_sandbox_place(const struct fl_sandbox_places *all, size_t index,
			struct fl_scope ret[FL_SCOPES_MAX], const char **module_ret)
{
	*module_ret = NULL;
	if (index >= all->count)
		return 0;
	const struct header *header = all->bytes;
	const struct place *places = (const void *)(header + 1);
	const struct scope *scopes = (const void *)(places + all->count);
	const char *texts = (const char *)(scopes + header->scope_count);
	size_t count = places[index].scope_count;
	for (size_t i = 0; i < count; i++) {
		const struct scope *s = &scopes[places[index].first_scope + i];
		ret[i] = (struct fl_scope){
			.function = text_at(texts, s->function),
			.linkage_name = text_at(texts, s->linkage_name),
			.file = text_at(texts, s->file),
			.line = s->line,
			.column = s->column,
		};
	}
	*module_ret = text_at(texts, places[index].module);
	return count;
}

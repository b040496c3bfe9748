/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "base/sort.h"
#include "image/demangle.h"

#include <stdlib.h>
#include <string.h>

/* Who may name a piece of code, worst first. */
enum rank {
	RANK_LABEL =
		1,  /* a symbol without a size: reaches to the next one, or to constants in .text */
	RANK_ALONE, /* DWARF that no symbol confirms */
	RANK_SYMBOL, /* a symbol with a size */
	RANK_SIZE,   /* DWARF; a symbol of that size starts there */
	RANK_NAME,   /* DWARF; a symbol of that name starts there */
};

static const struct fl_symbol *symbol_at(const struct fl_build *b, uint32_t i)
{
	return fl_vec_at(&b->image->symbols, const struct fl_symbol, i);
}

/* fl_sort() has no context: the order is decided by copies of what it needs. */
struct sorted_symbol {
	uint32_t addr, size, index;
	bool weak;
};

/* At one address the largest first, so that size 0 aliases come last; weak aliases after what they
 * stand for. */
static int by_addr(const void *a, const void *b)
{
	const struct sorted_symbol *x = a;
	const struct sorted_symbol *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->weak != y->weak)
		return x->weak ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

static void sort_symbols(struct fl_build *b)
{
	struct fl_vec order = FL_VEC(struct sorted_symbol);
	for (uint32_t i = 0; i < b->image->symbols.count && !b->failed; i++) {
		const struct fl_symbol *s = symbol_at(b, i);
		if (s->kind == FL_SYMBOL_OBJECT ||
		    !fl_build_is_code(b, s->addr, (uint64_t)s->addr + 1))
			continue;
		b->has_function_symbols |= s->kind == FL_SYMBOL_FUNCTION;
		b->has_local_functions |= s->kind == FL_SYMBOL_FUNCTION && !s->global;
		struct sorted_symbol entry = { s->addr, s->size, i, s->weak };
		if (!fl_vec_push(&order, &entry))
			b->failed = true;
	}
	fl_sort(order.data, order.count, sizeof(struct sorted_symbol), by_addr);
	for (size_t i = 0; i < order.count && !b->failed; i++)
		if (!fl_vec_push(&b->by_addr, &fl_vec_at(&order, struct sorted_symbol, i)->index))
			b->failed = true;
	fl_vec_deinit(&order);
}

static const struct fl_symbol *nth(const struct fl_build *b, size_t i)
{
	return symbol_at(b, *fl_vec_at(&b->by_addr, uint32_t, i));
}

/* Position in by_addr of the first symbol at or after @p addr. */
static size_t first_symbol(const struct fl_build *b, uint64_t addr)
{
	size_t low = 0;
	size_t high = b->by_addr.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (nth(b, mid)->addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t section_end(const struct fl_build *b, const struct fl_symbol *s)
{
	const struct fl_elf *elf = &b->image->elf;
	if (s->section < elf->section_count)
		return (uint64_t)elf->sections[s->section].addr + elf->sections[s->section].size;
	return (uint64_t)s->addr + 2;
}

static void add_claim(struct fl_build *b, struct fl_vec *claims, struct fl_function_source source,
		      enum rank rank)
{
	struct fl_claim claim = { .addr = source.addr,
				  .end = (uint64_t)source.addr + source.size,
				  .rank = rank,
				  .id = (uint32_t)b->sources.count };
	if (!fl_vec_push(&b->sources, &source) || !fl_vec_push(claims, &claim))
		b->failed = true;
}

/* All unused interrupts of a part share one address; more than this many are not looked at. */
enum { MAX_ALIASES = 1024 };

static void claim_symbols(struct fl_build *b, struct fl_vec *claims)
{
	for (size_t i = 0; i < b->by_addr.count && !b->failed; i++) {
		const struct fl_symbol *s = nth(b, i);
		uint64_t end = section_end(b, s);
		if (i && nth(b, i - 1)->addr == s->addr)
			continue;
		bool sized = s->size && (uint64_t)s->addr + s->size <= end;
		if (sized) {
			end = (uint64_t)s->addr + s->size;
		} else {
			size_t next = first_symbol(b, (uint64_t)s->addr + 1);
			if (next < b->by_addr.count && nth(b, next)->addr < end)
				end = nth(b, next)->addr;
		}
		if (end <= s->addr || !fl_build_is_code(b, s->addr, end))
			continue;
		struct fl_function_source source = { .function = FL_NO_INDEX,
						     .symbol = *fl_vec_at(&b->by_addr, uint32_t, i),
						     .addr = s->addr,
						     .size = (uint32_t)(end - s->addr),
						     .sized = sized };
		add_claim(b, claims, source, sized ? RANK_SYMBOL : RANK_LABEL);
	}
}

/* Constants between functions belong to neither. */
static void claim_constants(struct fl_build *b, struct fl_vec *claims)
{
	for (uint32_t i = 0; i < b->image->symbols.count && !b->failed; i++) {
		const struct fl_symbol *s = symbol_at(b, i);
		uint64_t end = (uint64_t)s->addr + s->size;
		if (s->kind != FL_SYMBOL_OBJECT || s->section == FL_SHN_ABS || !s->size ||
		    !fl_build_is_code(b, s->addr, end))
			continue;
		struct fl_function_source source = { .function = FL_NO_INDEX,
						     .symbol = FL_NO_INDEX,
						     .addr = s->addr,
						     .size = s->size };
		add_claim(b, claims, source, RANK_LABEL);
	}
}

static void drop_constants(struct fl_build *b)
{
	size_t kept = 0;
	for (size_t i = 0; i < b->segments.count; i++) {
		const struct fl_piece *piece = fl_vec_at(&b->segments, struct fl_piece, i);
		const struct fl_function_source *source =
			fl_vec_at(&b->sources, struct fl_function_source, piece->id);
		if (source->function != FL_NO_INDEX || source->symbol != FL_NO_INDEX)
			*fl_vec_at(&b->segments, struct fl_piece, kept++) = *piece;
	}
	b->segments.count = kept;
}

/* How far .symtab confirms that @p decl starts at @p addr. */
static enum rank confirm(const struct fl_build *b, uint32_t decl, const struct fl_code_range *range,
			 uint32_t *symbol_ret)
{
	enum rank rank = RANK_ALONE;
	size_t i = first_symbol(b, range->addr);
	for (size_t n = 0; n < MAX_ALIASES && i < b->by_addr.count; n++, i++) {
		const struct fl_symbol *s = nth(b, i);
		if (s->addr != range->addr)
			break;
		if (fl_decl_matches(&b->image->debug, decl, s->name)) {
			*symbol_ret = *fl_vec_at(&b->by_addr, uint32_t, i);
			return RANK_NAME;
		}
		/* At the tombstone addresses a size alone proves nothing. */
		if (s->size == range->size && range->addr > 1 && rank < RANK_SIZE) {
			*symbol_ret = *fl_vec_at(&b->by_addr, uint32_t, i);
			rank = RANK_SIZE;
		}
	}
	return rank;
}

/*
 * Linkers resolve references to discarded sections to 0 (GNU ld; 1 in range lists, so that they do
 * not end there), -1 or -2 (lld), plus the offset in the section. What no symbol confirms is kept
 * only where symbols cannot be expected: none at all, or static functions after `strip -x`.
 */
static bool keep_alone(const struct fl_build *b, const struct fl_debug_function *f, uint32_t addr,
		       bool other_piece_confirmed)
{
	if (addr <= 1)
		return false;
	if (!b->has_function_symbols || other_piece_confirmed)
		return true;
	const struct fl_decl *decl = fl_vec_at(&b->image->debug.decls, struct fl_decl, f->decl);
	return !b->has_local_functions && !decl->external;
}

static void claim_function(struct fl_build *b, uint32_t index, struct fl_vec *claims)
{
	const struct fl_debug_info *debug = &b->image->debug;
	const struct fl_debug_function *f =
		fl_vec_at(&debug->functions, const struct fl_debug_function, index);
	bool confirmed = false;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < f->range_count && !b->failed; i++) {
			const struct fl_code_range *range = fl_vec_at(
				&debug->ranges, const struct fl_code_range, f->first_range + i);
			uint64_t end = (uint64_t)range->addr + range->size;
			uint32_t symbol = FL_NO_INDEX;
			if (!fl_build_is_code(b, range->addr, end))
				continue;
			enum rank rank = confirm(b, f->decl, range, &symbol);
			struct fl_function_source source = { .function = index,
							     .symbol = symbol,
							     .addr = range->addr,
							     .size = range->size,
							     .sized = true };
			if (pass == 0 && rank > RANK_ALONE) {
				add_claim(b, claims, source, rank);
				confirmed = true;
			}
			if (pass == 1 && rank == RANK_ALONE &&
			    keep_alone(b, f, range->addr, confirmed))
				add_claim(b, claims, source, rank);
		}
	}
}

static bool is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

/* Name and linkage name of what a symbol calls @p symbol. */
static void name_from_symbol(struct fl_build *b, const char *symbol, struct fl_function_source *out)
{
	FL_AUTO_STR name = { 0 };
	bool demangled = fl_demangle(symbol, &name);
	b->failed |= name.failed;
	out->name = fl_build_text(b, demangled && name.data ? name.data : symbol);
	out->linkage = fl_build_text(b, symbol);
}

static void name_function(struct fl_build *b, struct fl_function_source *source)
{
	const char *symbol =
		source->symbol == FL_NO_INDEX ? NULL : symbol_at(b, source->symbol)->name;
	FL_AUTO_STR text = { 0 };
	struct fl_decl_name name = { 0 };
	if (source->function != FL_NO_INDEX) {
		uint32_t decl = fl_vec_at(&b->image->debug.functions, struct fl_debug_function,
					  source->function)
					->decl;
		name = fl_decl_qualified(&b->image->debug, decl, &text);
	}
	b->failed |= text.failed;
	const char *linkage = symbol ? symbol : name.linkage;
	bool demangle = !name.has_name || name.unnamed_scope;
	if (linkage && (!name.has_name || (demangle && is_mangled(linkage)))) {
		name_from_symbol(b, linkage, source);
	} else {
		source->name = fl_build_text(b, text.data ? text.data : FL_UNNAMED);
		source->linkage = linkage ? fl_build_text(b, linkage) : 0;
	}
	if (source->linkage == source->name) /* interned: equal strings are one */
		source->linkage = 0;
}

static void add_linkage(struct fl_build *b, uint32_t function, uint32_t linkage)
{
	struct fl_index_linkage *out = fl_build_add(b, FL_INDEX_LINKAGES);
	if (out)
		*out = (struct fl_index_linkage){ function, linkage };
}

static void add_part(struct fl_build *b, uint32_t function, const struct fl_function_source *source)
{
	struct fl_index_part *out = fl_build_add(b, FL_INDEX_PARTS);
	if (out)
		*out = (struct fl_index_part){ function, source->addr, source->size };
}

static void emit_segment(struct fl_build *b, const struct fl_piece *segment)
{
	struct fl_function_source *source =
		fl_vec_at(&b->sources, struct fl_function_source, segment->id);
	bool part = source->addr != segment->addr || source->size != segment->size;
	uint32_t index = (uint32_t)b->tables[FL_INDEX_FUNCTIONS].count;
	if (!source->is_named) {
		name_function(b, source);
		source->is_named = true;
		b->function_count++;
	}
	uint32_t *key = fl_build_add(b, FL_INDEX_FUNCTION_ADDRS);
	struct fl_index_function *out = fl_build_add(b, FL_INDEX_FUNCTIONS);
	uint8_t *flags = fl_build_add(b, FL_INDEX_FUNCTION_FLAGS);
	if (!key || !out || !flags)
		return;
	*key = segment->addr;
	*out = (struct fl_index_function){ source->name, segment->size };
	*flags = (uint8_t)((source->sized ? FL_INDEX_SIZED : 0) |
			   (source->linkage ? FL_INDEX_LINKED : 0) | (part ? FL_INDEX_PART : 0));
	if (source->linkage)
		add_linkage(b, index, source->linkage);
	if (part)
		add_part(b, index, source);
}

void fl_build_functions(struct fl_build *b)
{
	struct fl_vec claims = FL_VEC(struct fl_claim);
	sort_symbols(b);
	for (uint32_t i = 0; i < b->image->debug.functions.count && !b->failed; i++)
		claim_function(b, i, &claims);
	claim_symbols(b, &claims);
	claim_constants(b, &claims);
	if (!fl_claims_resolve(&claims, &b->segments))
		b->failed = true;
	fl_vec_deinit(&claims);
	drop_constants(b);
	for (size_t i = 0; i < b->segments.count && !b->failed; i++)
		emit_segment(b, fl_vec_at(&b->segments, struct fl_piece, i));
}

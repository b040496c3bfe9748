// SPDX-License-Identifier: Apache-2.0
/* Reads a coredump and ELF files for the libunwind witness, in its own way. */
#include "libunwind_target.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH        4
#define MAX_DUMP_SIZE    (64u << 20)
#define SYNTHETIC_ADDR   0xC0000000u /* external-device space: in no dump */
#define SYNTHETIC_STRIDE 0x01000000u
#define AUX_PREFIX       ".mflt_aux_symbols."

void die(const char *format, ...)
{
	va_list ap;

	fputs("libunwind_witness: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void note(const struct target *t, const char *format, ...)
{
	va_list ap;

	if (!t->verbose)
		return;
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void *checked_realloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);

	if (!q)
		die("out of memory");
	return q;
}

static void spans_add(struct spans *s, uint32_t addr, uint32_t size, const uint8_t *bytes)
{
	if (!size)
		return;
	if (size > UINT32_MAX - addr)
		size = UINT32_MAX - addr;
	s->items = checked_realloc(s->items, (s->count + 1) * sizeof(*s->items));
	s->items[s->count++] = (struct span){ addr, size, bytes };
}

const struct span *spans_find(const struct spans *s, uint32_t addr)
{
	for (size_t i = 0; i < s->count; i++)
		if (addr >= s->items[i].addr && addr - s->items[i].addr < s->items[i].size)
			return &s->items[i];
	return NULL;
}

static uint32_t load_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* A word may straddle two captured regions, so it is gathered byte by byte. */
bool read_u32(const struct target *t, uint32_t addr, uint32_t *ret)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < 4; i++) {
		const struct span *s = spans_find(&t->memory, addr + i);

		if (!s)
			return false;
		v |= (uint32_t)s->bytes[addr + i - s->addr] << 8 * i;
	}
	*ret = v;
	return true;
}

static uint8_t *read_file(const char *path, size_t *size_ret)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, got;

	if (!f)
		die("cannot open %s: %s", path, strerror(errno));
	do {
		data = checked_realloc(data, size + 65536);
		got = fread(data + size, 1, 65536, f);
		size += got;
	} while (got && size < MAX_DUMP_SIZE * 4);
	if (ferror(f))
		die("cannot read %s: %s", path, strerror(errno));
	fclose(f);
	*size_ret = size;
	return data;
}

/* --- the dump ------------------------------------------------------------ */

static void take_registers(struct target *t, const uint8_t *payload, uint32_t size)
{
	if (t->reg_count || size < 68 || size % 4)
		return;
	t->reg_count = size / 4 < REG_COUNT ? size / 4 : REG_COUNT;
	for (size_t i = 0; i < t->reg_count; i++)
		t->regs[i] = load_u32(payload + 4 * i);
}

void load_dump(struct target *t, const char *path)
{
	size_t size;
	const uint8_t *d = read_file(path, &size);
	size_t pos = 12;

	if (size < 12 || memcmp(d, "CORE", 4))
		die("%s is not a coredump", path);
	uint32_t total = load_u32(d + 8);
	if (total >= 12 && total < size)
		size = total;
	while (size - pos >= 12) {
		uint32_t type = d[pos], addr = load_u32(d + pos + 4);
		uint32_t length = load_u32(d + pos + 8);

		if (size - pos == 16 && !memcmp(d + pos, "DUMP", 4))
			break;
		pos += 12;
		if (length > size - pos)
			length = (uint32_t)(size - pos);
		if (type == 0)
			take_registers(t, d + pos, length);
		else if (type == 1)
			spans_add(&t->memory, addr, length, d + pos);
		pos += length;
	}
	if (!t->reg_count)
		die("%s holds no Cortex-M registers", path);
}

/* --- the images ---------------------------------------------------------- */

/* Growing buffer of the .eh_frame form. */
struct out {
	uint8_t *data;
	uint32_t size;
};

static uint32_t out_append(struct out *o, const uint8_t *p, uint32_t size)
{
	uint32_t at = o->size;

	o->data = checked_realloc(o->data, (size_t)o->size + size);
	memcpy(o->data + at, p, size);
	o->size += size;
	return at;
}

/*
 * Copy one CIE: the id becomes 0, and the two size bytes that version 4 put
 * behind the augmentation string go, because libunwind accepts version 4 but
 * reads it as version 3.
 */
static uint32_t convert_cie(struct out *o, const uint8_t *entry, uint32_t length)
{
	uint32_t at = out_append(o, entry, 4 + length);
	uint8_t *cie = o->data + at;
	uint32_t end = 4 + length;

	store_u32(cie + 4, 0);
	if (length < 8 || cie[8] != 4)
		return at;
	uint32_t p = 9;
	while (p < end && cie[p])
		p++;
	p++;
	if (p + 2 > end || cie[p] != 4 || cie[p + 1] != 0)
		die(".debug_frame: a CIE with odd address or segment size");
	memmove(cie + p, cie + p + 2, end - p - 2);
	cie[8] = 3;
	cie[end - 2] = cie[end - 1] = 0; /* DW_CFA_nop keeps the length */
	return at;
}

/* Where a CIE of the input went in the output. */
struct cie_place {
	uint32_t from;
	uint32_t to;
};

struct frame_section {
	const uint8_t *data;
	uint32_t size;
	struct cie_place *cies;
	size_t cie_count;
	struct out out;
};

static uint32_t place_cie(struct frame_section *f, uint32_t offset)
{
	for (size_t i = 0; i < f->cie_count; i++)
		if (f->cies[i].from == offset)
			return f->cies[i].to;
	if (offset > f->size || f->size - offset < 12)
		die(".debug_frame: CIE pointer 0x%" PRIx32 " out of range", offset);
	uint32_t length = load_u32(f->data + offset);
	if (length > f->size - offset - 4 || load_u32(f->data + offset + 4) != 0xFFFFFFFFu)
		die(".debug_frame: no CIE at 0x%" PRIx32, offset);
	f->cies = checked_realloc(f->cies, (f->cie_count + 1) * sizeof(*f->cies));
	uint32_t to = convert_cie(&f->out, f->data + offset, length);
	f->cies[f->cie_count++] = (struct cie_place){ offset, to };
	return to;
}

/*
 * Functions that the linker discarded keep an FDE at address 0 (or at a
 * tombstone): real only if it starts in code where a function symbol says so.
 */
static bool fde_is_live(const struct module *m, uint32_t start, uint32_t size)
{
	if (!size || !spans_find(&m->code, start))
		return false;
	if (start > 1 || !m->functions.count)
		return true;
	const struct span *fn = spans_find(&m->functions, start);
	return fn && fn->addr == (start & ~1u);
}

static void
convert_fde(struct module *m, struct frame_section *f, const uint8_t *entry, uint32_t length)
{
	uint32_t start = load_u32(entry + 8), size = load_u32(entry + 12);

	if (!fde_is_live(m, start, size))
		return;
	uint32_t cie = place_cie(f, load_u32(entry + 4));
	uint32_t at = out_append(&f->out, entry, 4 + length);
	store_u32(f->out.data + at + 4, at + 4 - cie);
	m->fdes = checked_realloc(m->fdes, (m->fde_count + 1) * sizeof(*m->fdes));
	m->fdes[m->fde_count++] = (struct fde){ start, size, at };
}

static void convert_entries(struct module *m, struct frame_section *f)
{
	uint32_t pos = 0;

	while (f->size - pos >= 4) {
		uint32_t length = load_u32(f->data + pos);

		if (length == 0xFFFFFFFFu)
			die(".debug_frame: 64-bit DWARF is not supported");
		if (length > f->size - pos - 4)
			die(".debug_frame: entry at 0x%" PRIx32 " is longer than the section", pos);
		if (length >= 12 && load_u32(f->data + pos + 4) != 0xFFFFFFFFu)
			convert_fde(m, f, f->data + pos, length);
		pos += 4 + length;
	}
}

static int compare_fde(const void *a, const void *b)
{
	const struct fde *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Map the converted section at a synthetic address, followed by the sorted
 * {start, FDE address} table that libunwind searches.
 */
static void add_debug_frame(struct target *t, struct module *m, const uint8_t *data, uint32_t size)
{
	struct frame_section f = { .data = data, .size = size };
	uint32_t base = SYNTHETIC_ADDR + (uint32_t)t->module_count * SYNTHETIC_STRIDE;

	convert_entries(m, &f);
	if (!m->fde_count)
		return;
	qsort(m->fdes, m->fde_count, sizeof(*m->fdes), compare_fde);
	while (f.out.size % 4)
		out_append(&f.out, (const uint8_t[]){ 0 }, 1);
	m->table_addr = base + f.out.size;
	for (size_t i = 0; i < m->fde_count; i++) {
		uint8_t row[8];

		m->fdes[i].addr += base;
		store_u32(row, m->fdes[i].start);
		store_u32(row + 4, m->fdes[i].addr);
		out_append(&f.out, row, sizeof(row));
	}
	if (f.out.size > SYNTHETIC_STRIDE)
		die(".debug_frame is larger than 16 MiB");
	spans_add(&t->memory, base, f.out.size, f.out.data);
	free(f.cies);
}

static void
load_elf_bytes(struct target *t, const char *name, uint8_t *data, size_t size, int depth);

static Elf_Data *
section_data(const char *name, Elf_Scn *scn, const Elf32_Shdr *sh, const char *section)
{
	if ((sh->sh_flags & SHF_COMPRESSED) && elf_compress(scn, 0, 0) < 0)
		die("%s: cannot decompress %s: %s", name, section, elf_errmsg(-1));
	if (!strncmp(section, ".zdebug", 7) && elf_compress_gnu(scn, 0, 0) < 0)
		die("%s: cannot decompress %s: %s", name, section, elf_errmsg(-1));
	Elf_Data *d = elf_getdata(scn, NULL);
	if (!d)
		die("%s: cannot read %s: %s", name, section, elf_errmsg(-1));
	return d;
}

static void add_functions(struct module *m, const Elf_Data *d)
{
	const Elf32_Sym *sym = d->d_buf;

	for (size_t i = 0; i < d->d_size / sizeof(*sym); i++)
		if (ELF32_ST_TYPE(sym[i].st_info) == STT_FUNC && sym[i].st_shndx != SHN_UNDEF)
			spans_add(&m->functions, sym[i].st_value & ~1u,
				  sym[i].st_size ? sym[i].st_size : 1, NULL);
}

/* Sections that later ones depend on: code ranges and function symbols. */
static void load_ground(struct target *t, struct module *m, const char *name, Elf *elf)
{
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const Elf32_Shdr *sh = elf32_getshdr(scn);

		if (!sh)
			continue;
		if (sh->sh_type == SHT_SYMTAB)
			add_functions(m, section_data(name, scn, sh, ".symtab"));
		if (!(sh->sh_flags & SHF_ALLOC) || sh->sh_type == SHT_NOBITS)
			continue;
		if (sh->sh_flags & SHF_EXECINSTR)
			spans_add(&m->code, sh->sh_addr, sh->sh_size, NULL);
		if (sh->sh_flags & SHF_WRITE)
			continue;
		const Elf_Data *d = section_data(name, scn, sh, "a read-only section");
		spans_add(&t->memory, sh->sh_addr, (uint32_t)d->d_size, d->d_buf);
	}
}

static void load_tables(struct target *t, struct module *m, const char *name, Elf *elf)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		die("%s: no section names", name);
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const Elf32_Shdr *sh = elf32_getshdr(scn);
		const char *section = sh ? elf_strptr(elf, names, sh->sh_name) : NULL;

		if (!section)
			continue;
		if (sh->sh_type == SHT_ARM_EXIDX && sh->sh_size >= 8)
			m->exidx = (struct span){ sh->sh_addr, sh->sh_size, NULL };
		if (!strcmp(section, ".debug_frame") || !strcmp(section, ".zdebug_frame")) {
			const Elf_Data *d = section_data(name, scn, sh, section);
			add_debug_frame(t, m, d->d_buf, (uint32_t)d->d_size);
		}
	}
}

/* Whole ELF files inside sections, at any alignment: copied before use. */
static void load_embedded(struct target *t, const char *name, Elf *elf, int depth)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const Elf32_Shdr *sh = elf32_getshdr(scn);
		const char *section = sh ? elf_strptr(elf, names, sh->sh_name) : NULL;

		if (!section || strncmp(section, AUX_PREFIX, strlen(AUX_PREFIX)))
			continue;
		const Elf_Data *d = section_data(name, scn, sh, section);
		uint8_t *copy = checked_realloc(NULL, d->d_size);
		memcpy(copy, d->d_buf, d->d_size);
		load_elf_bytes(t, section, copy, d->d_size, depth + 1);
	}
}

static void
load_elf_bytes(struct target *t, const char *name, uint8_t *data, size_t size, int depth)
{
	if (depth > MAX_DEPTH || t->module_count == MAX_MODULES)
		die("%s: too many embedded images", name);
	Elf *elf = elf_memory((char *)data, size);
	const Elf32_Ehdr *eh = elf ? elf32_getehdr(elf) : NULL;
	if (!eh || eh->e_machine != EM_ARM || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		die("%s is not a little-endian 32-bit Arm ELF", name);
	struct module *m = &t->modules[t->module_count];

	load_ground(t, m, name, elf);
	if (!m->code.count)
		die("%s has no executable section", name);
	load_tables(t, m, name, elf);
	t->module_count++;
	note(t, "%s: %zu live FDEs, %" PRIu32 " bytes of .ARM.exidx", name, m->fde_count,
	     m->exidx.size);
	load_embedded(t, name, elf, depth);
	/* elf stays open: memory spans point into it until the program ends */
}

void load_elf(struct target *t, const char *path)
{
	size_t size;
	uint8_t *data = read_file(path, &size);

	load_elf_bytes(t, path, data, size, 0);
}

const struct module *module_at(const struct target *t, uint32_t pc)
{
	for (size_t i = 0; i < t->module_count; i++)
		if (spans_find(&t->modules[i].functions, pc) && spans_find(&t->modules[i].code, pc))
			return &t->modules[i];
	for (size_t i = 0; i < t->module_count; i++)
		if (spans_find(&t->modules[i].code, pc))
			return &t->modules[i];
	return NULL;
}

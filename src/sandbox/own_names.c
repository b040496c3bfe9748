/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/own_names.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct program {
	const uint8_t *bytes;
	size_t size;
};

static bool map_program(struct program *ret)
{
	struct stat info;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	void *bytes = MAP_FAILED;
	if (fstat(fd, &info) == 0 && info.st_size > 0)
		bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return false;
	*ret = (struct program){ bytes, (size_t)info.st_size };
	return true;
}

/* @p count elements of @p size bytes, or NULL. */
static const void *at(const struct program *program, uint64_t off, uint64_t count, size_t size)
{
	if (off > program->size || count > (program->size - off) / size || off % 8)
		return NULL;
	return program->bytes + off;
}

struct sections {
	const Elf64_Shdr *all;
	size_t count;
};

static struct sections find_sections(const struct program *program)
{
	const Elf64_Ehdr *header = at(program, 0, 1, sizeof(*header));
	if (!header || header->e_ident[EI_CLASS] != ELFCLASS64)
		return (struct sections){ 0 };
	const Elf64_Shdr *all = at(program, header->e_shoff, header->e_shnum, sizeof(*all));
	return (struct sections){ all, all ? header->e_shnum : 0 };
}

static const Elf64_Shdr *find_symbol_table(const struct sections *sections)
{
	for (size_t i = 0; i < sections->count; i++)
		if (sections->all[i].sh_type == SHT_SYMTAB &&
		    sections->all[i].sh_link < sections->count)
			return &sections->all[i];
	return NULL;
}

static bool is_function_at(const Elf64_Sym *symbol, uint64_t value)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF &&
	       value >= symbol->st_value && value - symbol->st_value < symbol->st_size;
}

/* @p value: its address as the file has it. */
static bool name_in(const struct program *program, uint64_t value, struct fl_own_name *ret)
{
	const struct sections sections = find_sections(program);
	const Elf64_Shdr *table = find_symbol_table(&sections);
	size_t count = table ? table->sh_size / sizeof(Elf64_Sym) : 0;
	const Elf64_Sym *symbols =
		table ? at(program, table->sh_offset, count, sizeof(*symbols)) : NULL;
	for (size_t i = 0; symbols && i < count; i++) {
		uint64_t off = sections.all[table->sh_link].sh_offset + symbols[i].st_name;
		if (!is_function_at(&symbols[i], value) || off >= program->size)
			continue;
		const char *name = (const char *)program->bytes + off;
		snprintf(ret->function, sizeof(ret->function), "%.*s",
			 (int)strnlen(name, program->size - off), name);
		ret->offset = value - symbols[i].st_value;
		return true;
	}
	return false;
}

static bool name_in_program(uint64_t value, struct fl_own_name *ret)
{
	struct program program;
	if (!map_program(&program))
		return false;
	bool found = name_in(&program, value, ret);
	munmap((void *)(uintptr_t)program.bytes, program.size);
	return found;
}

bool fl_own_name(uint64_t addr, struct fl_own_name *ret)
{
	Dl_info info;
	struct link_map *map = NULL;
	if (!dladdr1((void *)(uintptr_t)addr, &info, (void **)&map, RTLD_DL_LINKMAP))
		return false;
	*ret = (struct fl_own_name){
		.file = info.dli_fname ? info.dli_fname : "",
		.file_addr = (uint64_t)(uintptr_t)info.dli_fbase,
	};
	bool is_library = map && map->l_name && map->l_name[0];
	if (map && !is_library && name_in_program(addr - map->l_addr, ret))
		return true;
	if (info.dli_sname) {
		snprintf(ret->function, sizeof(ret->function), "%s", info.dli_sname);
		ret->offset = addr - (uint64_t)(uintptr_t)info.dli_saddr;
	}
	return true;
}

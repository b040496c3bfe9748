/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include "image/attributes.h"
#include "image/dwarf.h"
#include "image/frames.h"

#include <stdlib.h>

static enum fl_code out_of_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a firmware image");
}

static enum fl_code read_debug(struct fl_image *image, struct fl_pages *pages, struct fl_error *err)
{
	enum fl_code code =
		fl_debug_sections_init(&image->sections, &image->elf, &image->findings, err);
	if (code || !image->sections.count)
		return code;
	bool enough =
		fl_dwarf_read(&image->sections, image->elf.name, pages, &image->findings,
			      &image->debug, &image->strings) &&
		fl_frames_read(&image->sections, image->elf.name, &image->findings, &image->debug);
	return enough ? FL_OK : out_of_memory(err);
}

static enum fl_code
read_linked(struct fl_image *image, struct fl_pages *pages, struct fl_error *err)
{
	enum fl_code code = fl_symtab_read(&image->elf, &image->findings, &image->symbols, err);
	if (!code)
		code = fl_exidx_read(&image->elf, &image->findings, &image->exidx,
				     &image->exidx_opcodes, err);
	if (!code)
		code = read_debug(image, pages, err);
	return code;
}

static enum fl_code read_all(struct fl_image *image, const char *name, const void *bytes,
			     size_t size, struct fl_pages *pages, struct fl_error *err)
{
	enum fl_code code =
		fl_elf_open(name, bytes, size, &image->arena, &image->findings, &image->elf, err);
	if (code)
		return code;
	image->arch = fl_arch_of(&image->elf);
	image->is_linked = image->elf.type != FL_ET_REL;
	if (fl_intern_text(&image->strings, "") == UINT32_MAX)
		return out_of_memory(err);
	if (!image->is_linked)
		fl_finding_add(&image->findings, FL_STAGE_IMAGE, FL_WARNING, FL_EUNSUPPORTED,
			       FL_AT_FILE_OFFSET, 16,
			       "%s: is an object file, not a linked image: it has no addresses",
			       image->elf.name);
	else if ((code = read_linked(image, pages, err)))
		return code;
	image->build_id_size = fl_build_id(&image->elf, &image->symbols, image->build_id);
	return FL_OK;
}

enum fl_code fl_image_open(const char *name, const void *bytes, size_t size, struct fl_pages *pages,
			   struct fl_image **ret, struct fl_error *err)
{
	FL_AUTO(fl_image) image = calloc(1, sizeof(*image));
	if (!image)
		return out_of_memory(err);
	image->findings.arena = &image->arena;
	image->symbols = FL_VEC(struct fl_symbol);
	image->strings = FL_INTERN;
	image->debug = fl_debug_info_init();
	image->exidx = FL_VEC(struct fl_exidx_row);
	image->exidx_opcodes = FL_VEC(uint8_t);
	const char *own_name = fl_arena_strdup(&image->arena, name);
	if (!own_name)
		return out_of_memory(err);
	enum fl_code code = read_all(image, own_name, bytes, size, pages, err);
	if (code)
		return code;
	*ret = fl_image_take(&image);
	return FL_OK;
}

void fl_image_close(struct fl_image *image)
{
	if (!image)
		return;
	fl_vec_deinit(&image->symbols);
	fl_debug_info_deinit(&image->debug);
	fl_intern_deinit(&image->strings);
	fl_vec_deinit(&image->exidx);
	fl_vec_deinit(&image->exidx_opcodes);
	fl_debug_sections_deinit(&image->sections);
	fl_arena_deinit(&image->arena);
	free(image);
}

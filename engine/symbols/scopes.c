/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/module.h"

#include "image/demangle.h"

_Static_assert(FL_SCOPES_MAX == FL_LIMIT_INLINE_DEPTH + 1, "the inlined ones and the function");

size_t fl_symbols_lookup(const struct fl_symbols *const *symbols, size_t count, uint32_t addr,
			 struct fl_scope *ret, size_t max, const char **module_ret)
{
	struct fl_symbol_view view;
	view.count = 0;
	for (size_t i = 0; i < count && fl_view_add(&view, symbols[i]); i++)
		continue;
	const struct fl_module *module = fl_view_module_at(&view, addr);
	if (module_ret)
		*module_ret = module ? fl_module_text(module, module->header->name) : NULL;
	if (!module || !max)
		return 0;
	size_t scopes = fl_module_scopes(module, addr, ret, max);
	if (scopes)
		return scopes;
	ret[0] = fl_module_place(module, addr);
	return ret[0].file != NULL;
}

enum fl_code
fl_symbols_demangle(const char *linkage_name, struct fl_buffer *ret, struct fl_error *err)
{
	FL_AUTO_STR text = { 0 };
	if (!fl_demangle_whole(linkage_name, &text) && !text.failed)
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "not a mangled name");
	return fl_str_finish(&text, ret, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/** @file C++ and Rust symbol names -> qualified names without parameters. */
#ifndef IMAGE_DEMANGLE_H
#define IMAGE_DEMANGLE_H

#include "base/str.h"

/** Append the demangled name; false (and nothing appended) when @p symbol is not a mangled one. */
bool fl_demangle(const char *symbol, struct fl_str *out);

/** The same with parameters and clone suffixes, as binutils write it. */
bool fl_demangle_whole(const char *symbol, struct fl_str *out);

#endif
